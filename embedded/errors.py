"""The one error the command line shows as a plain sentence instead of a traceback."""


class EmbeddedError(Exception):
    """Something the person at the keyboard can act on; the message says what."""
