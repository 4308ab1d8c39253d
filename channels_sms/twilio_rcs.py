"""RCS through Twilio's Messages API (version 2010-04-01) and its Content API."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from json import dumps
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from channels_sms import keywords, twilio_content, twilio_errors, twilio_webhooks
from channels_sms import twilio_answers as answers
from channels_sms.segments import normalized
from channels_sms.twilio_account import (
    ACCOUNT_FIELDS,
    KNOWN_IDS,
    LONGEST_VALIDITY_S,
    MAX_TEXT,
    PRIVATE,
    TwilioAccount,
    same_text,
    service_field,
)
from channels_sms.twilio_content import Plain, Template
from gateway.content.model import Content
from gateway.content.reading import read_stored
from gateway.content.shows import Shows
from gateway.contract import (
    Capabilities,
    Checked,
    CheckSteps,
    ConfigField,
    Request,
    Response,
    SendSteps,
    Sent,
    WebhookRequest,
)
from gateway.errors import Rejected, TooLong
from gateway.events import Event, Keyword, OutboundMessage

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

RCS = twilio_webhooks.RCS
CONTENT_HOST = "https://content.twilio.com"
CONTENT_PRIVATE = PRIVATE | {"ContentVariables", "types", "variables"}
OURS, TWILIO = "ours", "twilio"


class TwilioRcs(TwilioAccount):
    """One RCS sender of a Twilio account, by itself or in a Messaging Service.

    Cards, carousels and chips need a content resource (``twilio_content``). It is looked for by the
    hash in its name and made only when there is none, so a repeat finds it, and all messages of a
    campaign share it. None is deleted: Twilio does not say until when a message needs it. One that
    somebody deletes is made anew with the next message.

    Twilio cannot withdraw a message that has left its queue (a cancellation is for scheduled ones),
    so another channel takes over only on its word: a refusal, a failure, or 30036, that the
    message's ``ValidityPeriod`` is over. A phone that is off may get an RCS message much later;
    then there is no such word and no second message. Whom RCS reaches cannot be asked beforehand:
    Twilio finds out by itself, and 63036 comes at once.

    With ``sms_fallback`` "twilio" a Messaging Service sends by SMS itself what RCS does not take; a
    fallback of ours is refused then.
    """

    kind = "twilio_rcs"
    label = _("Twilio RCS")
    medium = "rcs"
    hears_keywords = True
    capabilities = Capabilities(max_text=MAX_TEXT, read_receipts=True, can_find=True, lifetime=True)
    fields = (
        *ACCOUNT_FIELDS,
        ConfigField(
            "sender_id",
            _("RCS sender ID"),
            help=_("At the top of the RCS sender’s settings, without rcs: before it."),
            required=False,
            pattern=r"(?!rcs:)[A-Za-z0-9._@-]{1,200}",
            pattern_error=_("Letters, digits and . _ - @ only, without rcs: before it."),
            placeholder="brand_xyz123_agent",
        ),
        service_field(_("The service that the RCS sender is in, if it is in one.")),
        ConfigField(
            "sms_fallback",
            _("What RCS does not take"),
            help=_(
                "Twilio sends it by SMS itself when a phone number is in the same Messaging "
                "Service. Otherwise choose the other channel here, after the channel is connected."
            ),
            required=False,
            choices=(
                (OURS, _("This inbox sends it through another channel, or nobody")),
                (TWILIO, _("Twilio’s Messaging Service sends it as SMS")),
            ),
            default=OURS,
        ),
        *keywords.FIELDS,
    )

    def __init__(self, config: Mapping[str, str], *, base_url: str | None = None) -> None:
        super().__init__(config, base_url=base_url)
        self.capabilities = replace(type(self).capabilities, falls_back=self._leaves_it)

    @classmethod
    def check_config(cls, config: Mapping[str, str]) -> dict[str, "str | _StrPromise"]:
        """A sender or a service with one; only a service can send by SMS itself."""
        service = config.get("messaging_service_sid")
        if not service and not config.get("sender_id"):
            return {"sender_id": _("Enter an RCS sender ID or a Messaging Service SID.")}
        if config.get("sms_fallback") == TWILIO and not service:
            words = _("Only a Messaging Service can send SMS itself: enter its SID.")
            return {"messaging_service_sid": words}
        return keywords.check_words(config)

    @classmethod
    def channel_address(cls, config: Mapping[str, str]) -> str:
        """The sender's id, or the Messaging Service's."""
        return config.get("sender_id") or config.get("messaging_service_sid", "")

    # --- In -----------------------------------------------------------------------------------

    def parse(self, request: WebhookRequest) -> Sequence[Event]:
        """A message or a tap (with an OptOut if it is a keyword), a report, or an UnknownEvent."""
        return twilio_webhooks.parse(request, self._own_words, rcs=True)

    # --- Out ----------------------------------------------------------------------------------

    def shows(self, address: str) -> Shows:
        """Text, files, cards and carousels, with chips that answer, open, call and show a place."""
        return twilio_content.SHOWS

    def send(self, message: OutboundMessage) -> SendSteps:
        """One POST; before it, for what needs one, a look for the content resource or a new one.

        Raises TooLong over 1600 characters, and what twilio_errors says. As long as nothing but
        the resource was asked for, asking again is harmless, and every error says so.
        """
        content = _content(message)
        if len(content.text) > MAX_TEXT:
            raise TooLong(twilio_errors.TABLE[21617].text, code="21617")
        shown = twilio_content.written(content, for_sms=self._leaves_it)
        if isinstance(shown, Template):
            self._check_words(content)
            sid = yield from self._content_sid(shown)
            what = [("ContentSid", sid), *_values(shown)]
        else:
            what = _written(shown)
        form = [
            ("To", self._recipient(message.address)),
            *what,
            self._from(message),
            ("StatusCallback", message.status_url),
        ]
        if message.lifetime_s is not None:
            form.append(("ValidityPeriod", str(min(message.lifetime_s, LONGEST_VALIDITY_S))))
        response = yield self._private("POST", "/Messages.json", form)
        if not 200 <= response.status < 300:
            raise twilio_errors.failure(response)
        return Sent(answers.message_id(response.json()))

    def check(self) -> CheckSteps:
        """Ask for the account; raises BadCredentials with the reason."""
        return Checked((yield from self._check_account()))

    # --- Helpers ------------------------------------------------------------------------------

    @cached_property
    def _leaves_it(self) -> bool:
        """Whether Twilio itself sends by SMS what RCS does not take."""
        return self.config.get("sms_fallback") == TWILIO

    @cached_property
    def _own_words(self) -> Mapping[str, Keyword]:
        return keywords.own_words(self.config)

    def _from(self, message: OutboundMessage) -> tuple[str, str]:
        service = self.config.get("messaging_service_sid")
        if service:
            return ("MessagingServiceSid", service)
        return ("From", f"{RCS}{self.config.get('sender_id', '')}")

    def _recipient(self, address: str) -> str:
        # The prefix keeps a Messaging Service from sending by SMS itself.
        return address if self._leaves_it else f"{RCS}{address}"

    def _recipients(self, address: str) -> Sequence[str]:
        # What a service has sent by SMS is listed under the bare number.
        with_prefix = f"{RCS}{address}"
        return (with_prefix, address) if self._leaves_it else (with_prefix,)

    def _is_ours(self, entry: answers.Json, message: OutboundMessage) -> bool:
        if not self._from_us(entry, message):
            return False
        shown = twilio_content.written(_content(message), for_sms=False)
        if isinstance(shown, Plain):
            return same_text(entry, shown.text)
        # The list does not say which content a message has.
        raise Rejected("Twilio’s list does not tell messages with cards or buttons apart.")

    def _check_words(self, content: Content) -> None:
        if self._leaves_it and len(twilio_content.in_words(content)) > MAX_TEXT:
            raise TooLong("The words for SMS are longer than 1600 characters", code="21617")

    def _content_sid(self, template: Template) -> Generator[Request, Response, str]:
        """The resource with this template's name; made when there is none."""
        asked = [("ContentName", template.name), ("PageSize", "20")]
        response = yield self._content_request("GET", "/v2/Content", params=asked)
        for row in answers.rows(response, "contents"):
            if row.get("friendly_name") == template.name:
                return answers.content_id(row)
        response = yield self._content_request("POST", "/v1/Content", json=template.body)
        if not 200 <= response.status < 300:
            raise twilio_errors.failure(response, safe=True)
        return answers.content_id(response.json())

    def _content_request(self, method: str, path: str, **what: Any) -> Request:
        real = self.base_url == self.provider_url
        return Request(
            method=method,
            url=f"{CONTENT_HOST if real else self.base_url}{path}",
            auth=self._auth,
            secrets=self._tokens,
            private=CONTENT_PRIVATE,
            **what,
        )

    def _private(self, method: str, path: str, form: Sequence[tuple[str, str]]) -> Request:
        request = self._request(method, path, data=form)
        request.private = CONTENT_PRIVATE
        return request


def _written(shown: Plain) -> list[tuple[str, str]]:
    text = [("Body", normalized(shown.text))] if shown.text else []
    return text + [("MediaUrl", one.url) for one in shown.media]


def _values(template: Template) -> list[tuple[str, str]]:
    if not template.variables:
        return []
    return [("ContentVariables", dumps(template.variables, ensure_ascii=False))]


def _content(message: OutboundMessage) -> Content:
    # Nearly every message is nothing but text; reading it anew would cost more than all the rest.
    if message.content.keys() <= {"text", KNOWN_IDS}:
        return Content(text=message.text, media=message.media)
    try:
        return read_stored({k: v for k, v in message.content.items() if k != KNOWN_IDS})
    except ValidationError as error:
        raise Rejected("; ".join(error.messages)) from error
