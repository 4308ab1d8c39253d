"""The demo workspace: believable, fictional data to try the product with; only with DEBUG."""
