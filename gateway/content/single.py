"""Content as one provider message, for whoever sends no more than one to each person."""

from gateway.content.adapting import adapt
from gateway.content.model import Adapted, Content
from gateway.content.shows import Shows


def in_one(content: Content, shows: Shows) -> Adapted | None:
    """As the channel shows it, if that is one message; else all of it in words, files as links.

    None when the words alone are more than one message.
    """
    for ability in (shows, Shows(text=shows.text)):
        adapted = adapt(content, ability)
        if len(adapted.parts) == 1:
            return adapted
    return None
