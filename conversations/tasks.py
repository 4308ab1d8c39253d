"""Celery entry points of the inbox."""

from celery import shared_task
from django.utils import timezone

from conversations.models import Conversation, Status
from conversations.services import wake_up


@shared_task(name="conversations.tasks.sweep")
def sweep() -> None:
    """Open snoozed conversations whose time has come; a time is a row, never an ETA."""
    due = Conversation.objects.filter(status=Status.SNOOZED, snoozed_until__lte=timezone.now())
    for conversation in due.order_by("snoozed_until")[:500]:
        wake_up(conversation=conversation)
