"""Makes the demo workspace once, and keeps the file with its logins right."""

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import ApiToken, Member, User, Workspace
from accounts.services import create_token, digest, revoke_token
from contacts.models import Contact
from demo import mailing, talks
from demo.chats import CHATS
from demo.customers import add_customers
from demo.scripts import SCRIPTS
from demo.workspace import (
    LOGINS,
    SLUG,
    TOKEN_NAME,
    Ground,
    hash_passwords,
    lay_ground,
    new_password,
)
from gateway.models import Channel, InboundRequest, InboundState
from gateway.registry import adapter_for


def demo_file() -> Path:
    """Where the addresses, logins and the token are written."""
    return Path(settings.DATA_DIR) / "demo.json"


def prepare_demo() -> str:
    """Make what is missing; returns in a word what was done: made, reset or kept."""
    workspace = Workspace.objects.filter(slug=SLUG).first()
    known = _read()
    if workspace is None:
        passwords = {login.key: new_password() for login in LOGINS}
        _write(passwords, make_workspace(passwords))
        return "made"
    if known is None or not _token_works(workspace, known):
        passwords = {login.key: new_password() for login in LOGINS}
        _write(passwords, _reset_logins(workspace, passwords))
        return "reset"
    if known | _addresses() != known:
        _save(known | _addresses())
    return "kept"


@transaction.atomic
def make_workspace(passwords: dict[str, str]) -> str:
    """The whole demo in one transaction; returns the admin's API token."""
    now = timezone.now()
    ground = lay_ground(passwords)
    contacts = add_customers(ground, now)
    campaign = mailing.send_campaign(ground, now)
    cast = _cast(contacts, mailing.reachable(campaign))
    played = talks.play(ground, cast, now)
    mailing.note_answers(campaign, played, now)
    _add_trouble(ground)
    _note_newest(played)
    _token, plaintext = create_token(
        member=ground.members["nora"], name=TOKEN_NAME, by=ground.members["nora"]
    )
    return plaintext


def _note_newest(played: list[talks.Talk]) -> None:
    """When somebody last wrote on each channel."""
    newest: dict[Any, Any] = {}
    for talk in played:
        at, key = talk.row.last_inbound_at, talk.row.channel_id
        if at:
            newest[key] = max(at, newest.get(key, at))
    for key, at in newest.items():
        Channel.objects.filter(pk=key).update(last_inbound_at=at)


def _cast(contacts: list[Contact], reached: set[int]) -> list[talks.Part]:
    """Who speaks which script: who is named, or somebody with a phone who knows the language.

    By SMS, those whose phones the simulator shows are left free for whoever tries the demo.
    """
    by_name = {contact.name: contact for contact in contacts}
    phones = set(
        Contact.objects.filter(addresses__kind="phone", blocked=False)
        .exclude(addresses__consents__status="withdrawn")
        .values_list("pk", flat=True)
    )
    free = [contact for contact in contacts[8:] if contact.pk in phones and contact.name]
    cast = []
    for script in SCRIPTS:
        person = next(
            contact
            for contact in free
            if contact.language == script.language and (contact.pk in reached) == script.campaign
        )
        free.remove(person)
        cast.append((script, person))
    return cast + [(script, by_name[script.who]) for script in CHATS]


def _add_trouble(ground: Ground) -> None:
    """One request of a kind that the product does not know yet, for the page that shows those."""
    channel, now = ground.channel, timezone.now()
    InboundRequest.objects.create(
        workspace=ground.workspace,
        channel=channel,
        shard=0,
        state=InboundState.UNKNOWN,
        method="POST",
        url=f"{settings.PUBLIC_URL}/webhooks/{channel.pk}/",
        headers={"content-type": "application/x-www-form-urlencoded"},
        body=b"EventType=onUserAdded&AccountSid="
        + adapter_for(channel).config["account_sid"].encode()
        + b"&ServiceSid=IS0000demo",
        error="onUserAdded: AccountSid, EventType, ServiceSid",
        received_at=now,
        processed_at=now,
    )


@transaction.atomic
def _reset_logins(workspace: Workspace, passwords: dict[str, str]) -> str:
    """New passwords and a new token: nobody knows the old ones any more."""
    hashes = hash_passwords([passwords[login.key] for login in LOGINS])
    for login, password in zip(LOGINS, hashes, strict=True):
        User.objects.filter(email=login.email).update(password=password)
    admin = Member.objects.get(workspace=workspace, user__email=LOGINS[-1].email)
    for token in ApiToken.objects.filter(member=admin, name=TOKEN_NAME, revoked_at=None):
        revoke_token(token=token, by=None)
    _token, plaintext = create_token(member=admin, name=TOKEN_NAME, by=None)
    return plaintext


def _token_works(workspace: Workspace, known: dict[str, Any]) -> bool:
    """Whether the file belongs to this database."""
    tokens = ApiToken.objects.in_workspace(workspace).filter(revoked_at=None)
    return tokens.filter(digest=digest(str(known.get("token", "")))).exists()


def _addresses() -> dict[str, str]:
    return {
        "url": settings.PUBLIC_URL,
        "simulator": settings.SIMULATOR_URL,
        "realtime": settings.REALTIME_URL,
    }


def _read() -> dict[str, Any] | None:
    try:
        known = json.loads(demo_file().read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return known if isinstance(known, dict) else None


def _write(passwords: dict[str, str], token: str) -> None:
    logins = [
        {"email": login.email, "password": passwords[login.key], "role": login.role.value}
        for login in LOGINS
    ]
    _save({**_addresses(), "token": token, "logins": logins})


def _save(content: dict[str, Any]) -> None:
    """Replace the file in one step; at no moment can anybody else read it."""
    path = demo_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".demo.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
    draft.replace(path)
