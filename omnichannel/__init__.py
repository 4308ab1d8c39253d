"""Wiring of the whole: settings, URLs, WSGI, ASGI, Celery."""

from omnichannel.celery import app as celery_app

__all__ = ["celery_app"]
