"""A channel's brand: saved, checked, shown, and nobody else's."""

import io
import json
import uuid
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Member, Role
from gateway.branding import LOGO_LIMIT, Brand, brand_of, text_on
from gateway.channels import update_channel
from gateway.media.cleaning import sweep_unused
from gateway.media.models import StoredFile
from gateway.media.storing import store
from gateway.models import Channel
from gateway.secrets import seal, unseal
from simulator.channel_lines import google_rcs_line
from tests import builders
from tests.api.client import caller, errors
from tests.gateway.google import agent

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> None:
    """Where files are kept."""
    media = {**settings.STORAGES["media"], "OPTIONS": {"location": tmp_path / "files"}}
    settings.STORAGES = {**settings.STORAGES, "media": media}


def picture(workspace: Any, content: bytes = PNG, name: str = "logo.png") -> StoredFile:
    """An uploaded file."""
    return store(workspace_id=workspace.pk, content=io.BytesIO(content), name=name)


def brand(channel: Channel, **given: Any) -> Channel:
    """The channel with this brand."""
    return update_channel(channel=channel, member=None, branding=given)


# --- The brand ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("color", "text"),
    [
        ("#000000", "#FFFFFF"),
        ("#FFFFFF", "#000000"),
        ("#1A73E8", "#FFFFFF"),
        ("#2F6B4F", "#FFFFFF"),
        ("#FFD400", "#000000"),
        ("#FF0000", "#000000"),
        ("#767676", "#FFFFFF"),
        ("#777777", "#000000"),
    ],
)
def test_text_can_be_read_on_the_color(color: str, text: str) -> None:
    assert text_on(color) == text


def test_a_channel_without_a_brand_has_none() -> None:
    assert brand_of(builders.channel()) is None


def test_a_brand_is_kept_and_what_is_not_given_stays() -> None:
    channel = builders.channel()
    logo = picture(channel.workspace)
    channel = brand(channel, name="  Alder \n & Pine ", color="#2f6b4f", logo=logo.uid)
    found = brand_of(channel)
    assert found == Brand("Alder & Pine", "#2F6B4F", "#FFFFFF", found.logo_url if found else "")
    assert found.logo_url.startswith("http://")
    response: Any = Client().get(found.logo_url)
    assert b"".join(response.streaming_content) == PNG
    channel = brand(channel, color="")
    assert (channel.brand_name, channel.brand_color, channel.brand_logo) == (
        "Alder & Pine",
        "",
        logo,
    )
    channel = brand(channel, name="", logo=None)
    assert brand_of(channel) is None


def test_a_brand_without_a_name_has_the_channels() -> None:
    channel = brand(builders.channel(name="Shop SMS"), color="#FFD400")
    assert brand_of(channel) == Brand("Shop SMS", "#FFD400", "#000000", "")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": "x" * 101}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"color": "green"}, "color"),
        ({"color": "#12345"}, "color"),
        ({"color": "#12345G"}, "color"),
        ({"color": "#1234567"}, "color"),
        ({"logo": uuid.uuid4()}, "logo"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(given: dict[str, Any], field: str) -> None:
    channel = brand(builders.channel(), name="Before", color="#000000")
    with pytest.raises(ValidationError) as raised:
        brand(channel, **({"name": "After"} | given))
    assert list(raised.value.message_dict) == [f"branding.{field}"]
    channel.refresh_from_db()
    assert (channel.brand_name, channel.brand_color) == ("Before", "#000000")


def test_a_logo_is_a_small_picture_of_this_workspace() -> None:
    channel = builders.channel()
    ws = channel.workspace
    for file in (
        picture(ws, b"GIF89a" + b"\0" * 20, "logo.gif"),
        picture(ws, b"%PDF-1.7", "logo.png"),
        picture(ws, PNG + b"\0" * LOGO_LIMIT),
        picture(builders.workspace()),
    ):
        with pytest.raises(ValidationError) as raised:
            brand(channel, logo=file.uid)
        assert list(raised.value.message_dict) == ["branding.logo"]
    channel.refresh_from_db()
    assert channel.brand_logo is None


def test_the_sweep_leaves_a_logo_until_it_is_replaced() -> None:
    channel = builders.channel()
    logo = picture(channel.workspace)
    brand(channel, logo=logo.uid)
    later = timezone.now() + timedelta(days=2)
    assert sweep_unused(later) == 0
    brand(channel, logo=picture(channel.workspace).uid)
    assert sweep_unused(later) == 1
    assert not StoredFile.objects.filter(pk=logo.pk).exists()


def test_agents_brands_move_from_their_settings() -> None:
    channel, other = agent(), builders.channel()
    old = {"agent_name": "Alder & Pine", "agent_color": "#2f6b4f", "agent_logo": "https://x/y"}
    before = unseal(channel.config)
    Channel.objects.filter(pk=channel.pk).update(config=seal(before | old))
    broken = agent()
    Channel.objects.filter(pk=broken.pk).update(config=b"x")
    import_module("gateway.migrations.0013_branding").move(apps, None)
    channel.refresh_from_db()
    assert (channel.brand_name, channel.brand_color) == ("Alder & Pine", "#2F6B4F")
    assert unseal(channel.config) == before
    other.refresh_from_db()
    assert other.brand_name == ""


def test_the_simulators_phones_show_it() -> None:
    channel = agent()
    logo = picture(channel.workspace)
    channel = brand(channel, name="Alder & Pine", color="#2F6B4F", logo=logo.uid)
    shown = google_rcs_line(channel, unseal(channel.config)).agent
    found = brand_of(channel)
    assert shown is not None
    assert found is not None
    assert (shown.name, shown.color, shown.logo) == (found.name, found.color, found.logo_url)


# --- The API --------------------------------------------------------------------------------------


@pytest.fixture
def api() -> Any:
    """An admin's program."""
    return caller(Role.ADMIN)


def test_the_api_sets_and_shows_it(api: Any, settings: Any) -> None:
    channel, logo = builders.channel(api.workspace), picture(api.workspace)
    path = f"channels/{channel.pk}/"
    nothing = {"name": "", "logo": None, "color": "", "logo_url": None, "text_color": ""}
    assert api.get(path).json()["branding"] == nothing
    given = {"name": "Alder & Pine", "logo": str(logo.uid), "color": "#ffd400"}
    found = api.patch(path, {"branding": given}).json()["branding"]
    assert found == {
        "name": "Alder & Pine",
        "logo": str(logo.uid),
        "color": "#FFD400",
        "logo_url": f"{settings.PUBLIC_URL}/api/v1/files/{logo.uid}/content/",
        "text_color": "#000000",
    }
    assert api.get("channels/").json()["results"][0]["branding"] == found
    changed = api.patch(path, {"branding": {"name": "Pine"}}).json()["branding"]
    assert changed == found | {"name": "Pine"}
    assert api.patch(path, {"branding": None}).json()["branding"] == nothing


def test_a_new_channel_may_have_one(api: Any) -> None:
    body = {
        "kind": "twilio_sms",
        "name": "Shop",
        "config": {
            "account_sid": builders.SID,
            "auth_token": builders.TOKEN,
            "from_number": "+14155550123",
        },
        "branding": {"name": "Alder & Pine"},
    }
    response = api.post("channels/", body)
    assert response.status_code == 201, response.content
    assert response.json()["branding"]["name"] == "Alder & Pine"
    Channel.objects.all().delete()
    response = api.post("channels/", body | {"branding": {"color": "green"}})
    assert list(errors(response)) == ["branding.color"]
    assert not Channel.objects.exists()


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"color": "green"}, ["branding.color"]),
        ({"name": 7, "logo": "x"}, ["branding.logo"]),
        ({"logo": str(uuid.uuid4())}, ["branding.logo"]),
        ({"colour": "#000000"}, ["branding.colour"]),
        ({"logo_url": "https://x/"}, ["branding.logo_url"]),
        ("Alder", ["branding"]),
    ],
)
def test_the_api_names_what_is_wrong(api: Any, given: Any, names: list[str]) -> None:
    channel = builders.channel(api.workspace)
    response = api.patch(f"channels/{channel.pk}/", {"branding": given})
    assert (response.status_code, list(errors(response))) == (400, names)


def test_another_workspaces_picture_is_no_logo(api: Any) -> None:
    channel, theirs = builders.channel(api.workspace), picture(builders.workspace())
    response = api.patch(f"channels/{channel.pk}/", {"branding": {"logo": str(theirs.uid)}})
    assert list(errors(response)) == ["branding.logo"]
    channel.refresh_from_db()
    assert channel.brand_logo is None


# --- The pages ------------------------------------------------------------------------------------


@pytest.fixture
def admin() -> Member:
    """Who sets it."""
    return builders.member(role=Role.ADMIN)


@pytest.fixture
def client(admin: Member) -> Client:
    """Their browser."""
    client = Client()
    client.force_login(admin.user)
    return client


def upload(content: bytes, name: str = "logo.png", kind: str = "image/png") -> SimpleUploadedFile:
    """A file in a form."""
    return SimpleUploadedFile(name, content, kind)


def save(client: Client, channel: Channel, **fields: Any) -> Any:
    """Send the form."""
    fields = {"name": "Alder & Pine", "color": "#2F6B4F"} | fields
    return client.post(f"/settings/channels/{channel.pk}/branding/", fields)


def test_the_card_saves_and_shows_it(client: Client, admin: Member) -> None:
    channel = builders.channel(admin.workspace)
    response = save(client, channel, file=upload(PNG))
    assert response["Location"] == f"/settings/channels/{channel.pk}/"
    channel.refresh_from_db()
    logo = channel.brand_logo
    assert logo is not None
    assert (channel.brand_name, channel.brand_color, logo.content_type) == (
        "Alder & Pine",
        "#2F6B4F",
        "image/png",
    )
    page = client.get(f"/settings/channels/{channel.pk}/").content.decode()
    shown = brand_of(channel)
    assert shown is not None
    assert shown.logo_url in page
    assert "Remove the logo" in page
    entry = AuditEntry.objects.filter(action="channel.changed").latest("id")
    assert entry.data["fields"] == ["branding"]
    save(client, channel, color="#000000")
    channel.refresh_from_db()
    assert (channel.brand_color, channel.brand_logo) == ("#000000", logo)
    save(client, channel, remove_logo="on")
    channel.refresh_from_db()
    assert channel.brand_logo is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"color": "green"}, "# and six digits or letters"),
        ({"file": SVG}, "This type of file is not accepted."),
        ({"file": b""}, "The file is empty."),
        ({"file": b"%PDF-1.7"}, "A logo must be a PNG, JPEG or WebP picture."),
        ({"file": PNG + b"\0" * LOGO_LIMIT}, "The logo is larger than"),
        ({"name": "x" * 101}, "at most 100 characters"),
    ],
)
def test_the_card_says_what_is_wrong(
    client: Client, admin: Member, fields: dict[str, Any], words: str
) -> None:
    channel = builders.channel(admin.workspace)
    if "file" in fields:
        fields = {"file": upload(fields["file"], "logo.svg", "image/svg+xml")}
    response = save(client, channel, **fields)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert "Alder &amp; Pine" in response.content.decode() or "name" in fields
    channel.refresh_from_db()
    assert (channel.brand_name, channel.brand_color, channel.brand_logo) == ("", "", None)


def test_it_is_for_admins_of_the_workspace(client: Client, admin: Member) -> None:
    theirs = builders.channel()
    assert save(client, theirs).status_code == 404
    someone = Client()
    someone.force_login(builders.member(admin.workspace).user)
    assert save(someone, builders.channel(admin.workspace)).status_code == 403
    assert set(Channel.objects.values_list("brand_name", flat=True)) == {""}


def test_the_inbox_shows_who_answers(client: Client, admin: Member) -> None:
    channel = brand(
        builders.channel(admin.workspace, name="Shop SMS"), name="<Alder>", color="#FFD400"
    )
    row = builders.conversation(channel)
    page = client.get(f"/conversations/{row.pk}/").content.decode()
    assert '<rect width="32" height="32" fill="#FFD400"/>' in page
    assert 'fill="#000000">A</text>' in page
    assert "as <b>&lt;Alder&gt;</b> via Shop SMS to" in page
    assert 'data-testid="header-brand" dir="auto">&lt;Alder&gt;</span>' in page
    assert json.dumps("<Alder>") not in page
    brand(channel, name="", color="")
    page = client.get(f"/conversations/{row.pk}/").content.decode()
    assert "via <b>Shop SMS</b> to" in page
