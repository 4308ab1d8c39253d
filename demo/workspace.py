"""The demo's workspace: people who log in, channel, labels, attributes, teams, segments."""

import json
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.contrib.auth.hashers import make_password

from accounts import services
from accounts.models import Language, Member, Role, Team, User, Workspace
from contacts.attributes import create_definition
from contacts.labels import create_label
from contacts.models import AttributeType, Label, Segment
from contacts.segments.services import create_segment
from demo.channels import add_channels
from gateway.channels import create_channel, update_channel
from gateway.fallback.policy import Policy
from gateway.models import Channel
from gateway.prices.services import set_prices
from routing.models import Agent

SLUG = "demo"
TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - as in every such key
TOKEN_NAME = "Demo scripts"  # noqa: S105 - a name
# Of one SMS, by country; made up.
PRICES = {
    "US": Decimal("0.0080"),
    "CA": Decimal("0.0080"),
    "ES": Decimal("0.0750"),
    "*": Decimal("0.1000"),
}
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who can log in."""

    key: str
    name: str
    role: Role
    capacity: int = 0
    language: str = ""

    @property
    def email(self) -> str:
        """Their address, at a domain that can never exist."""
        return f"{self.key}@alderpine.example"


LOGINS = (
    Login("ben", "Ben Carter", Role.AGENT, 10),
    Login("ana", "Ana Torres", Role.AGENT, 10, Language.ES),
    Login("chidi", "Chidi Okafor", Role.AGENT, 8),
    Login("mia", "Mia Rossi", Role.MARKETER),
    Login("nora", "Nora Lindqvist", Role.ADMIN),
)
LABELS = {
    "Order": "blue",
    "Return": "orange",
    "Delivery": "teal",
    "Fault": "red",
    "Payment": "green",
    "Product": "grey",
    "Campaign": "pink",
    "Wholesale": "yellow",
}
TEAMS = {"Support": ("ben", "chidi"), "Orders": ("ana", "chidi")}
TIERS = ["bronze", "silver", "gold"]
SEGMENTS = {
    "Silver and gold": {
        "match": "all",
        "conditions": [{"field": "attributes.tier", "op": "in", "value": ["silver", "gold"]}],
    },
    "Spanish speakers": {
        "match": "all",
        "conditions": [{"field": "language", "op": "is", "value": "es"}],
    },
    "Young adults in North America": {
        "match": "all",
        "conditions": [
            {"field": "age", "op": "between", "value": [18, 34]},
            {"field": "country", "op": "in", "value": ["US", "CA"]},
        ],
    },
}


@dataclass(frozen=True, slots=True)
class Ground:
    """Everything the demo's contacts and conversations refer to; ``channel`` is that of SMS."""

    workspace: Workspace
    members: dict[str, Member]
    channel: Channel
    channels: dict[str, Channel]
    labels: dict[str, Label]
    teams: dict[str, Team]
    segments: dict[str, Segment]


def new_password() -> str:
    """Sixteen letters and digits that cannot be mistaken for each other, in groups of four."""
    letters = [secrets.choice(ALPHABET) for _ in range(16)]
    return "-".join("".join(letters[at : at + 4]) for at in range(0, 16, 4))


def hash_passwords(passwords: list[str]) -> list[str]:
    """Slow on purpose, so all at once."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(make_password, passwords))


def lay_ground(passwords: dict[str, str]) -> Ground:
    """Make the workspace and what belongs to it; ``passwords`` by login's key."""
    workspace = services.create_workspace(name="Alder & Pine", slug=SLUG)
    members = _add_members(workspace, passwords)
    admin = members["nora"]
    for key, name, kind in (
        ("tier", "Tier", AttributeType.CHOICE),
        ("orders", "Orders", AttributeType.NUMBER),
        ("last_order", "Last order", AttributeType.DATE),
    ):
        choices = TIERS if kind is AttributeType.CHOICE else None
        create_definition(
            workspace=workspace, member=admin, key=key, name=name, type=kind, choices=choices
        )
    rcs = _add_rcs(workspace, admin)
    channel = _add_channel(workspace, admin)
    update_channel(channel=rcs, member=admin, fallback=Policy(channel, after_s=30))
    set_prices(channel=channel, member=admin, currency="USD", prices=PRICES)
    others = add_channels(workspace, admin)
    return Ground(
        workspace=workspace,
        members=members,
        channel=channel,
        channels={one.kind: one for one in (channel, rcs, *others.values())},
        labels={
            name: create_label(workspace=workspace, member=admin, name=name, color=color)
            for name, color in LABELS.items()
        },
        teams={
            name: services.create_team(
                workspace=workspace, name=name, by=admin, members=[members[key] for key in keys]
            )
            for name, keys in TEAMS.items()
        },
        segments={
            name: create_segment(
                workspace=workspace, member=members["mia"], name=name, filter=filter_
            )
            for name, filter_ in SEGMENTS.items()
        },
    )


def _add_members(workspace: Workspace, passwords: dict[str, str]) -> dict[str, Member]:
    hashes = hash_passwords([passwords[login.key] for login in LOGINS])
    members = {}
    for login, password in zip(LOGINS, hashes, strict=True):
        # The same people can come back after somebody deleted the workspace.
        user, _created = User.objects.update_or_create(
            email=login.email,
            defaults={"name": login.name, "language": login.language, "password": password},
        )
        members[login.key] = Member.objects.create(workspace=workspace, user=user, role=login.role)
    Agent.objects.bulk_create(
        Agent(workspace=workspace, member=members[login.key], capacity=login.capacity)
        for login in LOGINS
    )
    return members


def _add_channel(workspace: Workspace, admin: Member) -> Channel:
    config = {
        "account_sid": f"AC{secrets.token_hex(16)}",
        "auth_token": secrets.token_hex(16),
        "from_number": "+14155550100",
    }
    return create_channel(
        workspace=workspace,
        member=admin,
        kind="twilio_sms",
        name="Shop SMS",
        config=config,
        rate_per_second=50.0,
    )


def _add_rcs(workspace: Workspace, admin: Member) -> Channel:
    """An RCS agent whose key only the simulator knows."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    account = {
        "type": "service_account",
        "project_id": "demo",
        "private_key_id": secrets.token_hex(8),
        "private_key": pem,
        "client_email": "shop@demo.iam.gserviceaccount.com",
        "token_uri": TOKEN_URI,
    }
    config = {
        "agent_id": f"alder_pine_{secrets.token_hex(4)}",
        "service_account": json.dumps(account),
        "client_token": secrets.token_urlsafe(24),
    }
    channel = create_channel(
        workspace=workspace,
        member=admin,
        kind="google_rcs",
        name="Shop RCS",
        config=config,
        rate_per_second=50.0,
    )
    branding = {"name": "Alder & Pine", "color": "#2F6B4F"}
    return update_channel(channel=channel, member=admin, branding=branding)
