"""The channel pages: adding with a check at the provider, changing, trying out."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from gateway.models import Channel, Delivery, Price
from gateway.secrets import unseal
from gateway.states import State
from tests import builders

pytestmark = pytest.mark.django_db

ADD = reverse("settings-channel-add", args=["twilio_sms"])


def filled(**changes):
    return {
        "name": "Support",
        "config_account_sid": builders.SID,
        "config_auth_token": builders.TOKEN,
        "config_from_number": "+1 (415) 555-0123",
        "rate_per_second": "5",
    } | changes


def test_adding_asks_the_provider_then_shows_where_to_deliver(client, admin, provider):
    response = client.post(ADD, filled(), follow=True)

    channel = Channel.objects.get()
    assert response.redirect_chain == [(f"/settings/channels/{channel.pk}/connect/", 302)]
    assert channel.workspace_id == admin.workspace_id
    assert channel.address == "+14155550123"
    assert channel.rate_per_second == 5
    assert unseal(channel.config)["auth_token"] == builders.TOKEN
    page = response.content.decode()
    assert f"/webhooks/{channel.pk}/" in page
    assert "Corner shop" in page
    assert "Waiting for a first message" in page
    assert builders.TOKEN not in page
    assert AuditEntry.objects.get(action="channel.created").member == admin


def test_refused_credentials_save_nothing_and_what_was_typed_stays(client, provider):
    wrong = "f" * 32
    response = client.post(ADD, filled(config_auth_token=wrong))

    assert response.status_code == 422
    page = response.content.decode()
    assert "does not accept these credentials" in page
    assert 'value="Support"' in page
    assert not Channel.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_number_of_somebody_else_is_refused(client, provider):
    response = client.post(ADD, filled(config_from_number="+14155550199"))

    assert response.status_code == 422
    assert not Channel.objects.exists()


def test_a_provider_that_is_away_is_told_from_wrong_credentials(client, provider):
    provider.down = True

    response = client.post(ADD, filled())

    assert "could not be asked just now" in response.content.decode()
    assert not Channel.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"config_account_sid": "AC1"}, "config_account_sid"),
        ({"config_auth_token": ""}, "config_auth_token"),
        ({"config_from_number": "no number"}, "config_from_number"),
        ({"config_from_number": ""}, "config_from_number"),
        ({"config_messaging_service_sid": "MG" + "0" * 32}, "config_messaging_service_sid"),
        ({"rate_per_second": "0"}, "rate_per_second"),
        ({"rate_per_second": "nan"}, "rate_per_second"),
        ({"rate_per_second": "many"}, "rate_per_second"),
    ],
)
def test_bad_settings_name_their_field_and_ask_nobody(client, provider, changes, field):
    response = client.post(ADD, filled(**changes))

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert provider.asked == 0
    assert not Channel.objects.exists()


def test_the_same_number_twice_is_refused(client, admin, provider):
    builders.channel(admin.workspace, {"from_number": "+14155550123"}, name="First")

    response = client.post(ADD, filled())

    assert "“First” already uses this." in response.content.decode()
    assert Channel.objects.count() == 1


def test_an_unknown_kind_is_404(client):
    assert client.get("/settings/channels/new/telex/").status_code == 404


def edit(channel):
    return reverse("settings-channel-edit", args=[channel.pk])


def test_secrets_are_never_shown_and_blank_keeps_them(client, admin, provider):
    channel = builders.channel(admin.workspace, {"from_number": "+14155550123"})
    page = client.get(edit(channel)).content.decode()
    assert builders.TOKEN not in page
    assert builders.SID in page

    response = client.post(edit(channel), filled(name="New name", config_auth_token=""))

    assert response.status_code == 302
    channel.refresh_from_db()
    assert channel.name == "New name"
    assert unseal(channel.config)["auth_token"] == builders.TOKEN
    assert provider.asked == 0


def test_changed_credentials_are_checked_before_they_are_saved(client, admin, provider):
    channel = builders.channel(admin.workspace, {"from_number": "+14155550123"})
    before = unseal(channel.config)

    response = client.post(edit(channel), filled(config_auth_token="e" * 32))

    assert response.status_code == 422
    channel.refresh_from_db()
    assert unseal(channel.config) == before

    provider.tokens[builders.SID] = "e" * 32
    assert client.post(edit(channel), filled(config_auth_token="e" * 32)).status_code == 302
    channel.refresh_from_db()
    assert unseal(channel.config)["auth_token"] == "e" * 32


def test_a_secondary_token_can_be_removed_a_needed_one_cannot(client, admin, provider):
    extra = {"from_number": "+14155550123", "auth_token_secondary": "d" * 32}
    channel = builders.channel(admin.workspace, extra)
    assert "Remove the saved value" in client.get(edit(channel)).content.decode()
    changes = {"config_auth_token": "", "forget_auth_token": "on"}

    client.post(edit(channel), filled(**changes))

    channel.refresh_from_db()
    assert unseal(channel.config)["auth_token_secondary"] == "d" * 32
    client.post(edit(channel), filled(**changes, forget_auth_token_secondary="on"))
    channel.refresh_from_db()
    config = unseal(channel.config)
    assert config["auth_token"] == builders.TOKEN
    assert "auth_token_secondary" not in config


def do(client, channel, action):
    return client.post(reverse("settings-channel-state", args=[channel.pk, action]), follow=True)


def test_pause_resume_switch_off_and_on(client, admin, provider):
    channel = builders.channel(admin.workspace)

    def state():
        row = Channel.objects.get()
        return row.paused_at is None, row.enabled

    assert f"Paused by {admin.name}." in do(client, channel, "pause").content.decode()
    assert state() == (False, True)
    do(client, channel, "resume")
    assert state() == (True, True)
    do(client, channel, "disable")
    assert state() == (True, False)
    do(client, channel, "enable")
    assert state() == (True, True)
    assert (
        client.post(reverse("settings-channel-state", args=[channel.pk, "explode"])).status_code
        == 404
    )


def test_checking_says_what_the_provider_says(client, admin, provider):
    channel = builders.channel(admin.workspace, {"from_number": "+14155550123"})
    assert "The credentials work: Corner shop" in do(client, channel, "check").content.decode()

    provider.tokens.clear()

    assert "does not accept" in do(client, channel, "check").content.decode()


def test_a_test_message_is_queued_and_its_way_is_shown(client, admin):
    channel = builders.channel(admin.workspace)
    url = reverse("settings-channel-test", args=[channel.pk])

    response = client.post(url, {"to": "+14155550177", "text": "Hi"})

    delivery = Delivery.objects.get()
    assert (delivery.address, delivery.content) == ("+14155550177", {"text": "Hi"})
    assert delivery.state == State.QUEUED
    assert 'data-state="queued"' in response.content.decode()
    status = reverse("settings-channel-test-status", args=[channel.pk, delivery.uid])
    for state, again in ((State.SENT, True), (State.DELIVERED, False), (State.FAILED, False)):
        Delivery.objects.update(state=state)
        page = client.get(status).content.decode()
        assert f'data-state="{state}"' in page
        assert ("hx-get" in page) is again


def test_a_test_to_no_number_is_refused(client, admin):
    channel = builders.channel(admin.workspace)
    url = reverse("settings-channel-test", args=[channel.pk])

    response = client.post(url, {"to": "12", "text": "Hi"})

    assert "is not a phone number" in response.content.decode()
    assert not Delivery.objects.exists()


def test_the_first_inbound_message_turns_the_page_green(client, admin):
    channel = builders.channel(admin.workspace)
    url = reverse("settings-channel-first-inbound", args=[channel.pk])
    assert "hx-get" in client.get(url).content.decode()

    Channel.objects.update(last_inbound_at=timezone.now())

    page = client.get(url).content.decode()
    assert "callout-success" in page
    assert "hx-get" not in page


def test_the_list_shows_health_in_a_fixed_number_of_statements(
    client, admin, django_assert_max_num_queries
):
    for number in range(12):
        channel = builders.channel(admin.workspace)
        Delivery.objects.create(
            workspace=admin.workspace, channel=channel, medium="sms", address=builders.phone(),
            content={"text": "x"}, due_at=timezone.now(), created_at=timezone.now(),
            state=State.FAILED if number else State.QUEUED, failed_at=timezone.now(),
        )  # fmt: skip

    with django_assert_max_num_queries(9):
        page = client.get(reverse("settings-channels")).content.decode()

    assert page.count("Needs attention") == 11
    with django_assert_max_num_queries(15):
        client.get(reverse("settings-channel", args=[channel.pk]))


def test_prices_are_pasted_checked_and_kept(client, admin):
    channel = builders.channel(admin.workspace)
    url = reverse("settings-channel-prices", args=[channel.pk])
    wrong = client.post(url, {"currency": "USD", "prices": "ES 0.07\nXX 1"})
    assert wrong.status_code == 422
    assert "Line 2: “XX” is no country" in wrong.content.decode()
    assert "ES 0.07\nXX 1" in wrong.content.decode()
    assert not Price.objects.exists()
    assert client.post(url, {"currency": "", "prices": "ES 0.07"}).status_code == 422

    saved = client.post(url, {"currency": "usd", "prices": "es\t0,07\n* 0.1"}, follow=True)
    assert saved.redirect_chain == [(reverse("settings-channel", args=[channel.pk]), 302)]
    assert "ES 0.07\n* 0.10" in saved.content.decode()
    assert {(row.country, row.currency) for row in Price.objects.all()} == {
        ("ES", "USD"),
        ("*", "USD"),
    }
    client.post(url, {"currency": "", "prices": ""})
    assert not Price.objects.exists()


def test_who_leaves_it_to_the_provider_is_offered_no_other_channel(client, admin):
    builders.channel(admin.workspace)
    own = {"sms_fallback": "twilio", "messaging_service_sid": "MG" + "0" * 32}
    rcs = builders.channel(admin.workspace, own, kind="twilio_rcs")
    page = client.get(reverse("settings-channel", args=[rcs.pk])).content.decode()
    assert "The provider sends it by SMS itself" in page
    assert reverse("settings-channel-fallback", args=[rcs.pk]) not in page
    answer = client.post(reverse("settings-channel-fallback", args=[rcs.pk]), {"after_s": 60})
    assert answer.status_code == 404
