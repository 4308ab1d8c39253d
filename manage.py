#!/usr/bin/env python
"""Django's command line."""

import os
import sys


def main() -> None:
    """Run a management command with this project's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omnichannel.settings")
    import structlog
    from django.core.management import execute_from_command_line

    structlog.contextvars.bind_contextvars(command=" ".join(sys.argv[1:2]))
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
