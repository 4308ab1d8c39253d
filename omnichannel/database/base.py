"""The backend's wrapper; Django looks for it under this name."""

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Logs statements only when asked to (tests count them), not because of DEBUG.

    `make up` runs with DEBUG for the simulator's sake; the log would cost a fifth of each request.
    """

    @property
    def queries_logged(self) -> bool:
        """Whether statements are recorded."""
        return self.force_debug_cursor
