"""What Messenger and Instagram share: the Send API, its windows, and answers below comments."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.core.exceptions import ValidationError

from channels_social import messaging_content, messaging_errors
from channels_social.messaging_config import ON
from channels_social.messaging_webhooks import Account
from channels_social.meta_account import MetaAccount, failure, words
from gateway.content.model import Content
from gateway.contract import (
    Capabilities,
    Response,
    SendSteps,
    Sent,
    Signal,
    SignalSteps,
    WebhookRequest,
    reaction_id,
)
from gateway.errors import Ambiguous, Rejected, SendError, TooLong, Unreachable
from gateway.events import OutboundMessage, Window
from gateway.signalling.setting import allowed

STANDARD = Window(86_400)
HUMAN = Window(7 * 86_400)
ACTIONS = {Signal.TYPING: "typing_on", Signal.READ: "mark_seen"}
# The id of a comment; a message's has letters.
COMMENT = re.compile(r"\d+(_\d+)*")


class MessagingAccount(MetaAccount):
    """One page, or one Instagram account.

    ``account_field`` is the setting with its id, ``sends_as`` what stands for it in paths,
    ``comments`` the edge below a comment that takes answers, ``comment_limit`` in characters.
    """

    private = frozenset({"message", "text", "attachment_url"})
    media_hosts = (".fbcdn.net", ".fbsbx.com", ".cdninstagram.com")
    account_field: ClassVar[str]
    sends_as: ClassVar[str] = "me"
    comments: ClassVar[str]
    comment_limit: ClassVar[int]
    erases: ClassVar[bool] = False

    def __init__(self, config: Mapping[str, str], *, base_url: str | None = None) -> None:
        super().__init__(config, base_url=base_url)
        self.capabilities = self._capabilities(allowed(type(self).capabilities, config))

    def _capabilities(self, usual: Capabilities) -> Capabilities:
        return replace(usual, human_window=HUMAN) if self._human_agent else usual

    @classmethod
    def account_key(cls, config: Mapping[str, str]) -> str:
        """The id of the page or the account, which every entry of a webhook names."""
        return config.get(cls.account_field, "")

    @property
    def account(self) -> Account:
        """Whose webhooks these are."""
        identity = self.config.get(self.account_field, "")
        return Account(identity, self.config.get("app_id", ""), self.erases)

    @property
    def _human_agent(self) -> bool:
        return self.config.get("human_agent") == ON

    # --- In -----------------------------------------------------------------------------------

    def shard_key(self, request: WebhookRequest) -> str:
        """The account's own id: one request may bring what several people did."""
        self.payload(request)
        return self.account.identity

    # --- Out ----------------------------------------------------------------------------------

    def send(self, message: OutboundMessage) -> SendSteps:
        """One POST: a message, an answer in private to a comment, or one in public below it.

        Nothing keeps a message from being sent twice; an answer that says nothing is ambiguous.
        """
        content = _content(message)
        if message.about.public:
            request = self.graph("POST", self._below(message), json=self._public(content))
            response = yield request
            return Sent(self._identity(response, "id"))
        if len(content.text) > self.capabilities.max_text:
            raise TooLong(f"The text is longer than {self.capabilities.max_text} characters")
        response = yield self.graph("POST", self._messages, json=self._body(message, content))
        return Sent(self._identity(response, "message_id"))

    def react(self, message: OutboundMessage) -> SendSteps:
        """One POST; Meta has words for the emoji it takes."""
        about = message.about
        body: dict[str, Any] = {
            "recipient": {"id": message.address},
            "sender_action": "react" if about.reaction else "unreact",
            "payload": {"message_id": about.reply_to},
        }
        if about.reaction:
            body["payload"]["reaction"] = messaging_content.reaction_word(about.reaction)
        response = yield self.graph("POST", self._messages, json=body)
        if response.status != 200:
            raise failure(response, messaging_errors.TABLE, safe=True)
        return Sent(reaction_id(message))

    def signal(self, signal: Signal, address: str, *, uid: str, about: str = "") -> SignalSteps:
        """One POST; what was read is all of the conversation, so ``about`` is not named.

        https://developers.facebook.com/docs/messenger-platform/send-messages/sender-actions
        """
        body = {"recipient": {"id": address}, "sender_action": ACTIONS[signal]}
        response = yield self.graph("POST", self._messages, json=body)
        if response.status != 200:
            raise failure(response, messaging_errors.TABLE, safe=True)

    @property
    def _messages(self) -> str:
        return f"{self.sends_as.format(**self.config)}/messages"

    def _body(self, message: OutboundMessage, content: Content) -> dict[str, Any]:
        about, shown = message.about, messaging_content.message_body(content)
        if COMMENT.fullmatch(about.reply_to):
            # The first word to a person who only commented; Meta knows whom it is about.
            return {
                "recipient": {"comment_id": about.reply_to},
                "message": self._marked(message, shown),
            }
        body = {"recipient": {"id": message.address}, "message": self._marked(message, shown)}
        return body | self._type(message)

    def _type(self, message: OutboundMessage) -> dict[str, str]:
        """Why this may be sent now."""
        until = message.window_until
        closed = until is not None and until <= datetime.now(UTC)
        if closed and message.about.person and self._human_agent:
            return {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
        return {"messaging_type": "UPDATE" if message.marketing else "RESPONSE"}

    def _marked(self, message: OutboundMessage, shown: dict[str, Any]) -> dict[str, Any]:
        """With our own id, where it comes back."""
        return shown

    def _below(self, message: OutboundMessage) -> str:
        """Where an answer in public belongs: below the comment, else below the post."""
        comment, post = message.about.reply_to, message.about.thread
        if COMMENT.fullmatch(comment):
            return f"{comment}/{self.comments}"
        if COMMENT.fullmatch(post):
            return f"{post}/comments"
        raise Rejected("It is not known which comment this answers.")

    def _public(self, content: Content) -> dict[str, str]:
        text = messaging_content.in_public(content, self.comment_limit)
        if len(text) > self.comment_limit:
            raise TooLong(f"A comment takes at most {self.comment_limit} characters")
        return {"message": text}

    def _identity(self, response: Response, name: str) -> str:
        if response.status != 200:
            raise failure(response, messaging_errors.TABLE)
        found = response.json()
        identity = words(found, name) if isinstance(found, dict) else ""
        if not identity:
            raise Ambiguous("Meta accepted the request but its answer names no message.")
        return identity

    def _asked(self, response: Response) -> dict[str, Any]:
        """What a question was answered; asking again is harmless."""
        if response.status != 200:
            raise self._in_question(response)
        found = response.json()
        if not isinstance(found, dict) or not words(found, "id"):
            raise Unreachable("Meta's answer is not understood.")
        return found

    def _in_question(self, response: Response) -> SendError:
        return failure(response, messaging_errors.TABLE, safe=True)


def _content(message: OutboundMessage) -> Content:
    # Nearly every message is nothing but text; reading it anew would cost more than all the rest.
    if message.content.keys() <= {"text"}:
        return Content(text=message.text)
    try:
        return message.rich
    except ValidationError as error:
        raise Rejected("; ".join(error.messages)) from error
