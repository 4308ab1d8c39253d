"""Files that we send: found by their ids, given a link, and tied to their message."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from gateway.content.model import Content, Media, TemplateUse
from gateway.media.links import link
from gateway.media.models import FileState, HeldFile, MessageFile, StoredFile
from gateway.models import Channel


def each_media(content: Content, change: Callable[[Media, str], Media]) -> Content:
    """The content with every file changed; ``change`` is given the file and its path in it."""
    return replace(
        content,
        media=tuple(change(one, f"media.{n}") for n, one in enumerate(content.media)),
        cards=tuple(
            replace(card, media=change(card.media, f"cards.{n}.media")) if card.media else card
            for n, card in enumerate(content.cards)
        ),
        template=_each_of_template(content.template, change),
    )


def _each_of_template(
    use: TemplateUse | None, change: Callable[[Media, str], Media]
) -> TemplateUse | None:
    if use is None or use.header is None:
        return use
    return replace(use, header=change(use.header, "template.header"))


def resolved(content: Content, workspace_id: int, *, lock: bool = True) -> Content:
    """The content with what is known of its stored files, and a link to each.

    The files' rows are locked until the transaction ends, so that the sweep leaves them; without
    ``lock`` they are only looked at.
    ValidationError by ``content.media.0.file`` for one that is not there (any more).
    """
    return with_files(content, files_in(content, workspace_id, lock=lock))


def files_in(content: Content, workspace_id: int, *, lock: bool = False) -> Mapping[str, Media]:
    """The stored files that content names, by id, as they are sent; those that are there.

    With ``lock`` their rows are held until the transaction ends. One statement, none without files.
    """
    wanted = _ids(content)
    if not wanted:
        return {}
    rows = StoredFile.objects.in_workspace(workspace_id).filter(uid__in=wanted).order_by("id")
    held = rows.select_for_update(no_key=True) if lock else rows
    return {str(row.uid): as_media(row) for row in held}


def with_files(content: Content, files: Mapping[str, Media]) -> Content:
    """The content with these files filled in; ValidationError as ``resolved``."""

    def known(one: Media, path: str) -> Media:
        if not one.file:
            return one
        if one.file not in files:
            raise ValidationError({f"content.{path}.file": _("There is no such file.")})
        return files[one.file]

    return each_media(content, known) if _ids(content) else content


def as_media(row: StoredFile) -> Media:
    """A stored file as content has it, with a link that opens it for a while."""
    return Media(link(row.pk), row.content_type, row.name, row.size, str(row.uid))


def without_links(content: Content) -> Content:
    """What is kept of the content: links to stored files run out, their ids do not."""
    return each_media(content, lambda one, path: replace(one, url="") if one.file else one)


def attach(content: Content, *, channel: Channel, message_uid: UUID) -> None:
    """Note which stored files the message has, in the caller's transaction."""
    wanted = _ids(content)
    if not wanted:
        return
    now = timezone.now()
    rows = StoredFile.objects.in_workspace(channel.workspace_id).filter(uid__in=wanted)
    found = {row.uid: row for row in rows}
    MessageFile.objects.bulk_create(
        MessageFile(
            workspace_id=channel.workspace_id,
            channel=channel,
            message_uid=message_uid,
            place=place,
            file=found[uid],
            state=FileState.STORED,
            content_type=found[uid].content_type,
            name=found[uid].name,
            size=found[uid].size,
            due_at=now,
            created_at=now,
        )
        for place, uid in enumerate(wanted)
    )


def hold(content: Content | None, *, workspace_id: int, holder: UUID) -> None:
    """Keep the stored files of what is not sent yet, and only these, in the caller's transaction.

    None gives all of them up. ValidationError as ``resolved``.
    """
    HeldFile.objects.in_workspace(workspace_id).filter(holder=holder).delete()
    wanted = _ids(content) if content is not None else []
    if content is None or not wanted:
        return
    with_files(content, files_in(content, workspace_id, lock=True))
    rows = StoredFile.objects.in_workspace(workspace_id).filter(uid__in=wanted)
    HeldFile.objects.bulk_create(
        HeldFile(workspace_id=workspace_id, file=row, holder=holder) for row in rows
    )


def _ids(content: Content) -> Sequence[UUID]:
    """The stored files in the content, each once, in their order."""
    media = [*content.media, *(card.media for card in content.cards if card.media)]
    if content.template is not None and content.template.header is not None:
        media.append(content.template.header)
    return list(dict.fromkeys(UUID(one.file) for one in media if one.file))
