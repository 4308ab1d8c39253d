"""Celery entry points of hashtag chats."""

from celery import shared_task

from gateway.wake import begun
from hashtags.asking import ask_due
from hashtags.services import SWEEP
from hashtags.watching import watch


@shared_task(name=SWEEP)
def sweep() -> None:
    """Ask what is due and look for what is needed; every second, and harmless when doubled."""
    begun(SWEEP)
    while ask_due():
        pass
    watch()
