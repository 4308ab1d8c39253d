"""Content in a few words, for lists, searches and whoever reads a thread aloud."""

from gateway.content.model import Content


def headline(content: Content) -> str:
    """What it says: its text, else the first words there are; empty when it is only files."""
    cards = [card.title or card.text for card in content.cards]
    menu = [content.menu.button] if content.menu else []
    place = [content.location.label or "📍"] if content.location else []
    people = [one.name for one in content.contacts]
    names = [one.name for one in content.media if one.name]
    if content.template is not None:
        return content.template.text
    words = [content.text] if content.text else [*cards, *menu, *place, *people] or names
    return " · ".join(filter(None, words))
