"""Facebook Messenger, and the comments below a page's posts."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from channels_social import messaging_config, messaging_content
from channels_social.messaging_account import ACTIONS, STANDARD, MessagingAccount
from channels_social.messaging_comments import feed_change
from channels_social.messaging_webhooks import parse
from gateway.content.model import Content
from gateway.content.shows import Shows
from gateway.contract import Capabilities, Checked, CheckSteps, WebhookRequest
from gateway.errors import BadCredentials
from gateway.events import Event, OutboundMessage


class Messenger(MessagingAccount):
    """One Facebook page. Our delivery's uid travels as metadata, which echoes bring back."""

    kind = "messenger"
    label = _("Facebook Messenger")
    medium = "messenger"
    address_kind = "messenger"
    provider = "messenger"
    webhook_object = "page"
    account_field = "page_id"
    sends_as = "{page_id}"
    comments = "comments"
    comment_limit = 8000
    capabilities = Capabilities(
        max_text=messaging_content.MESSENGER.text,
        read_receipts=True,
        signals=frozenset(ACTIONS),
        window=STANDARD,
        public=True,
        reactions=messaging_content.REACTIONS_MESSENGER,
    )
    fields = messaging_config.MESSENGER_FIELDS

    @classmethod
    def channel_address(cls, config: Mapping[str, str]) -> str:
        """The page's id."""
        return config.get("page_id", "")

    def parse(self, request: WebhookRequest) -> Sequence[Event]:
        """Messages, reports, and comments of everybody on this page."""
        return parse(self.payload(request), self.account, feed_change)

    def shows(self, address: str) -> Shows:
        """Text, one file, cards, quick replies, and buttons below words."""
        return messaging_content.MESSENGER

    def check(self) -> CheckSteps:
        """Ask whose token it is; raises BadCredentials where it is not the page's."""
        response = yield self.graph("GET", "me", params=[("fields", "id,name")])
        found = self._asked(response)
        if found["id"] != self.config["page_id"]:
            words = _("The token belongs to %(name)s (%(id)s), not to this page.")
            raise BadCredentials(words % {"name": found.get("name"), "id": found["id"]})
        return Checked(f"{found.get('name') or ''} ({found['id']})".strip())

    def _marked(self, message: OutboundMessage, shown: dict[str, Any]) -> dict[str, Any]:
        return shown | {"metadata": message.uid}

    def _public(self, content: Content) -> dict[str, str]:
        """A comment may carry one picture."""
        pictures = [one for one in content.media if one.content_type in messaging_content.PICTURES]
        if len(pictures) == 1 and content == Content(text=content.text, media=content.media):
            found = {"attachment_url": pictures[0].url}
            return found | ({"message": content.text} if content.text else {})
        return super()._public(content)
