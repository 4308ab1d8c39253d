"""WhatsApp through Meta's Cloud API."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from channels_social import whatsapp_messages, whatsapp_templates, whatsapp_webhooks
from channels_social.meta_account import (
    ACCESS_TOKEN,
    API_VERSION,
    APP_SECRET,
    VERIFY_TOKEN,
    MetaAccount,
    failure,
    objects,
    words,
)
from channels_social.whatsapp_errors import TABLE
from gateway.content.model import Content
from gateway.content.shows import Shows
from gateway.content.templates import ProviderTemplate, TemplateDraft
from gateway.contract import (
    Capabilities,
    Checked,
    CheckSteps,
    ConfigField,
    FetchSteps,
    Reactions,
    Request,
    Response,
    SendSteps,
    Sent,
    Signal,
    SignalSteps,
    TemplatesSteps,
    TemplateSteps,
    WebhookRequest,
)
from gateway.errors import Ambiguous, BadCredentials, Rejected, TooLong, Unreachable
from gateway.events import Event, OutboundMessage, Window
from gateway.signalling.setting import FIELD, allowed

DAY_S = 86_400
PAGE_SIZE, MAX_PAGES = 100, 50
PRIVATE = frozenset(
    {"text", "template", "interactive", "image", "video", "audio", "document", "sticker"}
    | {"location", "contacts", "components"}
)
MEDIA_HOST = "lookaside.fbsbx.com"


class WhatsApp(MetaAccount):
    """One phone number of a WhatsApp Business account.

    People are their phone numbers; who shows none is a user id (kind ``whatsapp``). Sends are not
    idempotent and there is no list to look in, so an unclear one stays unclear until a status
    comes: our delivery's uid travels with the message and comes back in it.
    """

    kind = "whatsapp"
    label = _("WhatsApp")
    medium = "whatsapp"
    address_kind = "phone"
    provider = "whatsapp"
    webhook_object = "whatsapp_business_account"
    private: ClassVar[frozenset[str]] = PRIVATE
    capabilities = Capabilities(
        max_text=whatsapp_messages.MAX_TEXT,
        read_receipts=True,
        signals=frozenset(Signal),
        window=Window(DAY_S),
        quotes=True,
        templates=True,
        typing_about=True,
        reactions=Reactions(),
    )
    media_hosts = (MEDIA_HOST,)
    fields = (
        ConfigField(
            "phone_number",
            _("Phone number"),
            help=_("The number customers write to."),
            placeholder="+14155550100",
            phone=True,
        ),
        ConfigField(
            "phone_number_id",
            _("Phone number ID"),
            help=_("In the Meta app, under WhatsApp, API Setup; it is not the number itself."),
            pattern=r"\d{5,25}",
            pattern_error=_("Digits alone."),
        ),
        ConfigField(
            "business_account_id",
            _("WhatsApp Business account ID"),
            help=_("On the same page. Templates belong to the account."),
            pattern=r"\d{5,25}",
            pattern_error=_("Digits alone."),
        ),
        ACCESS_TOKEN,
        APP_SECRET,
        VERIFY_TOKEN,
        API_VERSION,
        FIELD,
    )

    def __init__(self, config: Mapping[str, str], *, base_url: str | None = None) -> None:
        super().__init__(config, base_url=base_url)
        self.capabilities = allowed(type(self).capabilities, config)

    @classmethod
    def account_key(cls, config: Mapping[str, str]) -> str:
        """The number's id, and the business account's, by which news of templates come."""
        ids = (config.get("phone_number_id", ""), config.get("business_account_id", ""))
        return " ".join(filter(None, ids))

    @classmethod
    def channel_address(cls, config: Mapping[str, str]) -> str:
        """The phone number."""
        return config.get("phone_number", "")

    # --- In -----------------------------------------------------------------------------------

    def shard_key(self, request: WebhookRequest) -> str:
        """The number's id: a request may hold events of several people."""
        self.payload(request)
        return self.config.get("phone_number_id", "")

    def parse(self, request: WebhookRequest) -> Sequence[Event]:
        """All events of all entries; those of other numbers are unknown ones."""
        own = whatsapp_webhooks.Own(
            number_id=self.config.get("phone_number_id", ""),
            account_id=self.config.get("business_account_id", ""),
            files_url=self.version_url,
        )
        return whatsapp_webhooks.parse(self.payload(request), own)

    def media_request(self, url: str) -> Request:
        """With the token where a file lies at Meta's, without it anywhere else."""
        if not self._is_metas(url):
            return Request("GET", url)
        return Request("GET", url, headers=self.bearer, secrets=self.secrets)

    def fetch(self, url: str) -> FetchSteps:
        """Ask where a file lies at the moment, then get it there with the same token.

        Raises Rejected where that is no place of Meta's.
        """
        if not url.startswith(f"{self.base_url}/"):
            return self.media_request(url)
        response = yield self.media_request(url)
        place = words(self._answer(response), "url", 4_096)
        if not self._is_metas(place):
            raise Rejected("The file does not lie at Meta's.")
        return self.media_request(place)

    # --- Out ----------------------------------------------------------------------------------

    def shows(self, address: str) -> Shows:
        """Text, files, places, cards, lists, buttons and templates."""
        return whatsapp_messages.SHOWS

    def send(self, message: OutboundMessage) -> SendSteps:
        """One POST. Accepted is not sent: much that is wrong is told later, in a failed status."""
        content = _content(message)
        if len(content.text) > whatsapp_messages.MAX_TEXT:
            limit = whatsapp_messages.MAX_TEXT
            raise TooLong(f"The text is longer than {limit} characters.")
        body: dict[str, Any] = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            **_recipient(message.address),
            **whatsapp_messages.message(content),
            "biz_opaque_callback_data": message.uid,
        }
        if message.about.reply_to:
            body["context"] = {"message_id": message.about.reply_to}
        response = yield self._own("POST", "messages", json=body)
        return Sent(_message_id(response))

    def react(self, message: OutboundMessage) -> SendSteps:
        """One POST of a message that is a reaction; an empty emoji takes it back."""
        about = message.about
        body: dict[str, Any] = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            **_recipient(message.address),
            "type": "reaction",
            "reaction": {"message_id": about.reply_to, "emoji": about.reaction},
            "biz_opaque_callback_data": message.uid,
        }
        response = yield self._own("POST", "messages", json=body)
        if not 200 <= response.status < 300:
            raise failure(response, TABLE, safe=True)
        return Sent(_message_id(response))

    def signal(self, signal: Signal, address: str, *, uid: str, about: str = "") -> SignalSteps:
        """One POST about the customer's message. Whoever is seen writing has also read it."""
        body: dict[str, Any] = {
            "messaging_product": "whatsapp",
            "status": "read",
            "message_id": about,
        }
        if signal is Signal.TYPING:
            body["typing_indicator"] = {"type": "text"}
        response = yield self._own("POST", "messages", json=body)
        if not 200 <= response.status < 300:
            raise failure(response, TABLE, safe=True)

    def check(self) -> CheckSteps:
        """Ask for the number; raises BadCredentials with the reason, also for another number."""
        fields = [("fields", "display_phone_number,verified_name,quality_rating")]
        found = self._answer((yield self.graph("GET", self._number, params=fields)))
        shown, name = words(found, "display_phone_number"), words(found, "verified_name")
        if not shown:
            raise Unreachable("Meta's answer is not understood.")
        ours = self.config.get("phone_number", "")
        if _digits(shown) != _digits(ours):
            raise BadCredentials(f"This phone number ID belongs to {shown}, not to {ours}.")
        return Checked(", ".join(filter(None, (name, shown))))

    # --- Templates ----------------------------------------------------------------------------

    def templates(self) -> TemplatesSteps:
        """All pages of the account's list; raises a SendError."""
        found: list[ProviderTemplate] = []
        after = ""
        for _page in range(MAX_PAGES):
            params = [("fields", whatsapp_templates.FIELDS), ("limit", str(PAGE_SIZE))]
            params += [("after", after)] if after else []
            answer = self._answer((yield self._list("GET", params=params)))
            found += map(whatsapp_templates.read, objects(answer.get("data")))
            after = _next_page(answer)
            if not after:
                return tuple(found)
        raise Unreachable("Meta's list of templates has no end.")

    def create_template(self, draft: TemplateDraft) -> TemplateSteps:
        """One POST; Meta reviews it, and TemplateNews tells how that ended."""
        response = yield self._list("POST", json=whatsapp_templates.written(draft))
        if not 200 <= response.status < 300:
            raise failure(response, TABLE)
        answer = response.json()
        found = answer if isinstance(answer, dict) else {}
        if not words(found, "id"):
            raise Ambiguous("Meta took the template but does not say under which id.")
        return whatsapp_templates.handed_in(draft, found)

    def delete_template(self, template: ProviderTemplate) -> CheckSteps:
        """One DELETE, of this language alone."""
        params = [("name", template.name), ("hsm_id", template.external_id)]
        self._answer((yield self._list("DELETE", params=params)))
        return Checked(template.name)

    # --- Helpers ------------------------------------------------------------------------------

    @property
    def _number(self) -> str:
        return quote(self.config.get("phone_number_id", ""), safe="")

    def _own(self, method: str, path: str, *, json: Any) -> Request:
        return self.graph(method, f"{self._number}/{path}", json=json)

    def _list(
        self, method: str, *, params: Sequence[tuple[str, str]] = (), json: Any = None
    ) -> Request:
        account = quote(self.config.get("business_account_id", ""), safe="")
        return self.graph(method, f"{account}/message_templates", params=params, json=json)

    def _is_metas(self, url: str) -> bool:
        """Whether a URL is the API's own, or one of the host where Meta keeps files."""
        if url.startswith(f"{self.base_url}/"):
            return True
        if self.base_url != self.provider_url:
            return False
        parts = urlsplit(url)
        return parts.scheme == "https" and parts.netloc == MEDIA_HOST

    def _answer(self, response: Response) -> dict[str, Any]:
        """A JSON object answered to a question; asking again is harmless."""
        if not 200 <= response.status < 300:
            raise failure(response, TABLE, safe=True)
        found = response.json()
        if not isinstance(found, dict):
            raise Unreachable("Meta's answer is not understood.")
        return found


def _recipient(address: str) -> dict[str, str]:
    """Phone numbers and user ids go in fields of their own."""
    if address.startswith("+"):
        return {"to": address.removeprefix("+")}
    return {"recipient": address}


def _digits(shown: str) -> str:
    return "".join(char for char in shown if char.isdecimal())


def _next_page(answer: dict[str, Any]) -> str:
    paging = answer.get("paging")
    if not isinstance(paging, dict) or not paging.get("next"):
        return ""
    cursors = paging.get("cursors")
    return words(cursors, "after", 1_000) if isinstance(cursors, dict) else ""


def _message_id(response: Response) -> str:
    """The id in ``messages``; raises what went wrong."""
    if not 200 <= response.status < 300:
        raise failure(response, TABLE)
    answer = response.json()
    found = next(objects(answer.get("messages")), {}) if isinstance(answer, dict) else {}
    identity = words(found, "id")
    if not identity or not identity.isascii() or not identity.isprintable():
        raise Ambiguous("WhatsApp accepted the request but its answer names no message.")
    return identity


def _content(message: OutboundMessage) -> Content:
    # Nearly every message is nothing but text; reading it anew would cost more than all the rest.
    if message.content.keys() <= {"text"}:
        return Content(text=message.text)
    try:
        return message.rich
    except ValidationError as error:
        raise Rejected("; ".join(error.messages)) from error
