"""Running the product: health, metrics, translations, key rotation."""
