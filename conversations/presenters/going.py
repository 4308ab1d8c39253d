"""How a file will go to the customer, said before it is sent."""

from django.utils.translation import gettext as _

from conversations.models import Conversation
from gateway.content.model import Media
from gateway.content.shows import Shows
from gateway.events import About
from gateway.registry import adapter_for


def link_note(conversation: Conversation, media: Media) -> str:
    """Why the file goes as a link; empty when the channel shows it."""
    about = About(public=conversation.public)
    shows = adapter_for(conversation.channel).shows_in(conversation.address.value, about)
    return "" if shows.takes_file(media) else _why(shows, media)


def _why(shows: Shows, media: Media) -> str:
    if not shows.files or not shows.file_count:
        return _("Goes as a link: this number takes no files.")
    if shows.takes_file(Media(media.url, media.content_type, size=0)):
        return _("Goes as a link: it is too large for this channel.")
    return _("Goes as a link: this channel does not show such files.")
