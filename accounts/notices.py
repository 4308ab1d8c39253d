"""What accounts tells the outside after commit: mails, closed sockets, ended memberships."""

import asyncio
import logging
from collections.abc import Sequence

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string
from django.utils.translation import get_language

from accounts.models import Member
from accounts.tasks import send_mail

logger = logging.getLogger(__name__)

# A Redis that takes connections and never answers must not hold up what has been committed.
SEND_SECONDS = 2.0


def invite(member: Member) -> None:
    """Mail the person a link to set a password or, with one, a word that they may come in."""
    new = not member.user.has_usable_password()
    language = member.user.language or member.workspace.language
    mail("invitation" if new else "added", member.user.email, language, member.workspace.name)


def mail_reset(email: str) -> None:
    """Mail a link to set a new password, should anybody have this address.

    Whether anybody has is looked up by the worker, so the answer takes equally long for everybody.
    """
    mail("password_reset_key", email, get_language() or settings.LANGUAGE_CODE)


def mail(kind: str, email: str, language: str, workspace: str = "") -> None:
    """Send an account mail once the transaction has committed; here when no broker answers."""

    def send() -> None:
        arguments = {"kind": kind, "email": email, "language": language, "workspace": workspace}
        try:
            send_mail.apply_async(kwargs=arguments, expires=3600)
        except send_mail.OperationalError:
            logger.warning("No broker: the mail is sent at once.")
            send_mail(**arguments)

    transaction.on_commit(send)


def revoke_access(member_ids: Sequence[int]) -> None:
    """Close these members' sockets; a browser whose session still counts connects again."""

    def send() -> None:
        try:
            async_to_sync(_close_sockets)(member_ids)
        except Exception as error:  # the sockets' own checks close them a little later
            logger.warning("Sockets of members not told: %s", type(error).__name__)

    if member_ids:
        transaction.on_commit(send)


async def _close_sockets(member_ids: Sequence[int]) -> None:
    layer = get_channel_layer()
    async with asyncio.timeout(SEND_SECONDS):
        for member_id in member_ids:
            await layer.group_send(f"member.{member_id}", {"type": "access.revoked"})


def tell_member_ended(member: Member) -> None:
    """Call settings.MEMBER_RECEIVERS["ended"] with the member, in this transaction.

    Layers above react here, for example by giving the person's conversations back to the queue.
    """
    for path in settings.MEMBER_RECEIVERS.get("ended", ()):
        import_string(path)(member=member)
