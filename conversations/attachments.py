"""Files of messages: those that customers sent are fetched, and the thread shows what became."""

from collections.abc import Iterable, Sequence

from contacts.models import Contact
from conversations import realtime
from conversations.deliveries import next_versions
from conversations.models import Message
from gateway.events import Expected, FileChange, InboundMessage, Received
from gateway.media import fetching
from gateway.media.cleaning import release_files


def expect_files(inserted: Iterable[tuple[int, Received, InboundMessage]]) -> None:
    """Let the files of new messages (with their ids) be fetched; two statements, or none.

    For the transaction in which the messages are inserted.
    """
    with_files = {row[0]: row for row in inserted if row[2].attachments}
    if not with_files:
        return
    uids = Message.objects.filter(pk__in=with_files).values_list("pk", "uid")
    fetching.expect(
        [
            Expected(
                received.workspace_id,
                received.channel_id,
                uid,
                place,
                attachment,
                received.inbound_id,
            )
            for pk, uid in uids
            for _pk, received, message in [with_files[pk]]
            for place, attachment in enumerate(message.attachments)
        ]
    )


def receive_files(batch: Sequence[FileChange]) -> None:
    """Let the open threads show what became of files."""
    changed = next_versions(
        {change.workspace_id for change in batch}, [change.message_uid for change in batch]
    )
    realtime.publish_many(
        (workspace_id, realtime.message_changed(pk, version, uids))
        for workspace_id, pk, version, uids in changed
    )


def erase_files(contact: Contact) -> int:
    """Remove what was sent to and by a contact, bytes too; returns how many files.

    For whoever erases the contact, before its messages are gone.
    """
    messages = Message.objects.filter(conversation__contact=contact)
    uids = list(messages.values_list("uid", flat=True))
    return release_files(uids, workspace_id=contact.workspace_id)
