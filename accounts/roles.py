"""What each role may do, in one table."""

from enum import StrEnum

from accounts.models import Role


class Ability(StrEnum):
    """A part of the product that a role opens."""

    INBOX = "inbox"
    CONTACTS = "contacts"
    CAMPAIGNS = "campaigns"
    SETTINGS = "settings"


ABILITIES: dict[str, frozenset[Ability]] = {
    Role.AGENT: frozenset({Ability.INBOX, Ability.CONTACTS}),
    Role.MARKETER: frozenset({Ability.INBOX, Ability.CONTACTS, Ability.CAMPAIGNS}),
    Role.ADMIN: frozenset(Ability),
}


def may(role: str, ability: Ability) -> bool:
    """Whether members with this role have the ability."""
    return ability in ABILITIES.get(role, frozenset())
