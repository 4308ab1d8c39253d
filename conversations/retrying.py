"""Sends, or fetches, again what a person wants again."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Member
from conversations.models import Message
from gateway.media.fetching import fetch_again
from gateway.models import Delivery
from gateway.outbox.queue import NotAllowed, retry_delivery
from gateway.states import State


def _deliveries(message: Message) -> list[Delivery]:
    """The deliveries of a message, newest first."""
    rows = Delivery.objects.filter(workspace=message.workspace_id, message_uid=message.uid)
    return list(rows.order_by("-id"))


@transaction.atomic
def retry_message(*, message: Message, by: Member | None) -> None:
    """Send a message again that failed or is unclear: same message, same deliveries.

    ValidationError when there is nothing to retry (any more).
    """
    stopped = [row for row in _deliveries(message) if row.state in {State.FAILED, State.UNKNOWN}]
    try:
        if not stopped:
            raise NotAllowed
        for delivery in reversed(stopped):
            retry_delivery(delivery=delivery)
    except NotAllowed as error:
        raise ValidationError(
            {"message": _("This message cannot be sent again: it did not fail.")}
        ) from error


@transaction.atomic
def retry_files(*, message: Message) -> None:
    """Fetch a message's files again that could not be fetched.

    ValidationError when there is none (any more).
    """
    if not fetch_again(message.workspace_id, message.uid):
        raise ValidationError({"message": _("There is no file to fetch again.")})
