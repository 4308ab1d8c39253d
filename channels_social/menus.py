"""Lists where rows are buttons, which have no room for their descriptions."""

from gateway.content.model import Menu


def words_above(words: str, menu: Menu | None) -> str:
    """The text above a list: what is said, else the list's name, then what describes rows."""
    if menu is None:
        return words
    described = [f"{row.text} – {row.description}" for row in menu.rows if row.description]
    return "\n".join([words or menu.button, *described])
