"""Channels with reply windows and templates, on Twilio's adapter; their provider is a sink."""

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from aiohttp import web
from django.utils.translation import gettext_lazy

from channels_sms.twilio_sms import TwilioSms
from gateway.content.shows import Shows
from gateway.content.templates import (
    ButtonKind,
    ProviderTemplate,
    TemplateButton,
    TemplateDraft,
    TemplateHeader,
    TemplateStatus,
)
from gateway.contract import (
    Capabilities,
    Checked,
    CheckSteps,
    Request,
    SendSteps,
    Sent,
    TemplatesSteps,
    TemplateSteps,
    WebhookRequest,
)
from gateway.errors import Rejected, WindowClosed
from gateway.events import Event, InboundMessage, OutboundMessage, Window
from gateway.registry import adapters
from tests.gateway.sink import Sink

DAY = 86_400.0
# What the provider answers to free text that comes too late.
CLOSED = 470
ABILITIES = Capabilities(max_text=1600, idempotent_send=True)


class Talk(TwilioSms):
    """Free text for a day, by people for a week; templates; no reply tokens."""

    kind = "talk"
    label = gettext_lazy("Talk")
    medium = "talk"
    capabilities = dataclasses.replace(
        ABILITIES, window=Window(DAY), human_window=Window(7 * DAY), templates=True
    )
    shown: ClassVar[dict[str, Any]] = {"templates": True}

    def parse(self, request: WebhookRequest) -> Sequence[Event]:
        """Twilio's, with a reply token if there is one."""
        token = dict(request.form()).get("Token", "")
        return [
            dataclasses.replace(event, reply_token=token)
            if isinstance(event, InboundMessage)
            else event
            for event in super().parse(request)
        ]

    def shows(self, address: str) -> Shows:
        """Text and templates."""
        return dataclasses.replace(Shows(text=1600), **self.shown)

    def send(self, message: OutboundMessage) -> SendSteps:
        """One POST that says all it was given."""
        use = message.rich.template
        until = message.window_until
        form = {
            "To": message.address,
            "Body": message.text,
            "Template": f"{use.name} {dict(use.body)}" if use else "",
            "Until": until.isoformat() if until else "",
            "Token": message.reply_token,
        }
        response = yield self._request("POST", "/Messages.json", data=list(form.items()))
        if response.status == CLOSED:
            raise WindowClosed("The window is closed.", code=str(CLOSED))
        if response.status != 201:
            raise Rejected(f"{response.status}")
        return Sent(response.json()["sid"])

    def templates(self) -> TemplatesSteps:
        """All the sink has."""
        response = yield Request("GET", f"{self.base_url}/templates")
        return tuple(read(one) for one in response.json())

    def create_template(self, draft: TemplateDraft) -> TemplateSteps:
        """Hand it in; it is pending."""
        response = yield Request(
            "POST", f"{self.base_url}/templates", json=dataclasses.asdict(draft)
        )
        if response.status != 201:
            raise Rejected(response.json()["error"], code="2388")
        return read(response.json())

    def delete_template(self, template: ProviderTemplate) -> CheckSteps:
        """Remove it."""
        yield Request("DELETE", f"{self.base_url}/templates/{template.external_id}")
        return Checked("Gone.")


class Counted(Talk):
    """Five messages in two days, and a token that answers the newest one for a minute."""

    kind = "counted"
    label = gettext_lazy("Counted")
    capabilities = dataclasses.replace(
        ABILITIES, window=Window(2 * DAY, messages=5), reply_token_s=60
    )
    shown: ClassVar[dict[str, Any]] = {}


class Tokens(Talk):
    """No window, but a token that answers."""

    kind = "tokens"
    label = gettext_lazy("Tokens")
    capabilities = dataclasses.replace(ABILITIES, reply_token_s=60)
    shown: ClassVar[dict[str, Any]] = {}


PATHS = [f"{__name__}.{kind.__name__}" for kind in (Talk, Counted, Tokens)]


@contextmanager
def registered(settings: Any) -> Iterator[None]:
    """These kinds beside the product's."""
    settings.GATEWAY_ADAPTERS = [*settings.GATEWAY_ADAPTERS, *PATHS]
    adapters.cache_clear()
    try:
        yield
    finally:
        adapters.cache_clear()


def read(found: dict[str, Any]) -> ProviderTemplate:
    """A template from the sink's JSON."""
    header = found.get("header")
    return ProviderTemplate(
        external_id=found["external_id"],
        name=found["name"],
        language=found["language"],
        category=found["category"],
        status=TemplateStatus(found["status"]),
        body=found["body"],
        header=TemplateHeader(**header) if header else None,
        footer=found.get("footer", ""),
        buttons=tuple(
            TemplateButton(ButtonKind(one["kind"]), one["text"], one.get("value", ""))
            for one in found.get("buttons", ())
        ),
        reason=found.get("reason", ""),
    )


class TalkSink(Sink):
    """Takes messages like Twilio, and keeps templates."""

    def __init__(self) -> None:
        super().__init__()
        self.templates: list[dict[str, Any]] = []
        self.refusal = ""

    def routes(self) -> list[web.RouteDef]:
        """Messages and templates."""
        return [
            *super().routes(),
            web.get("/twilio/templates", self._templates),
            web.post("/twilio/templates", self._create),
            web.delete("/twilio/templates/{pk}", self._delete),
        ]

    async def _templates(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self.templates)

    async def _create(self, request: web.Request) -> web.StreamResponse:
        if self.refusal:
            return web.json_response({"error": self.refusal}, status=400)
        made = await request.json()
        made |= {"external_id": f"T{len(self.templates) + 1}", "status": "pending"}
        self.templates.append(made)
        return web.json_response(made, status=201)

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        pk = request.match_info["pk"]
        self.templates = [one for one in self.templates if one["external_id"] != pk]
        return web.json_response({})
