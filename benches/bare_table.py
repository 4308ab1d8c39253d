"""What the bare view and the bench that measures it agree on."""

INSERT_PATH = "/insert/"
TABLE = """
CREATE TABLE IF NOT EXISTS bare_request (
    id bigserial PRIMARY KEY, body bytea NOT NULL, received_at timestamptz NOT NULL DEFAULT now())
"""
