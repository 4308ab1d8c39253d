"""Instagram messages, and the comments below an account's posts."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext_lazy as _

from channels_social import messaging_config, messaging_content
from channels_social.messaging_account import ACTIONS, STANDARD, MessagingAccount
from channels_social.messaging_comments import instagram_change
from channels_social.messaging_config import FACEBOOK, INSTAGRAM
from channels_social.messaging_webhooks import parse
from channels_social.meta_account import VERSION
from gateway.content.shows import Shows
from gateway.contract import Capabilities, Checked, CheckSteps, WebhookRequest
from gateway.errors import BadCredentials
from gateway.events import Event

# Where accounts are asked for that were connected with Instagram's own login.
INSTAGRAM_GRAPH = "https://graph.instagram.com"


class Instagram(MessagingAccount):
    """One professional account, connected through its page or with Instagram's own login."""

    kind = "instagram"
    label = _("Instagram")
    medium = "instagram"
    address_kind = "instagram"
    provider = "instagram"
    webhook_object = "instagram"
    account_field = "instagram_id"
    comments = "replies"
    comment_limit = 2200
    erases = True
    capabilities = Capabilities(
        max_text=messaging_content.INSTAGRAM.text,
        read_receipts=True,
        signals=frozenset(ACTIONS),
        window=STANDARD,
        public=True,
        reactions=messaging_content.REACTIONS_INSTAGRAM,
    )
    fields = messaging_config.INSTAGRAM_FIELDS

    @classmethod
    def channel_address(cls, config: Mapping[str, str]) -> str:
        """The account's name, else its id."""
        name = config.get("username", "")
        return f"@{name}" if name else config.get("instagram_id", "")

    @property
    def version_url(self) -> str:
        """Where the Graph API's paths begin; a look-alike is one for both logins."""
        if self.base_url == self.provider_url and self._own_login:
            return f"{INSTAGRAM_GRAPH}/{self.config.get('api_version') or VERSION}"
        return super().version_url

    @property
    def _own_login(self) -> bool:
        return self.config.get("login", FACEBOOK) == INSTAGRAM

    def parse(self, request: WebhookRequest) -> Sequence[Event]:
        """Messages, reports, and comments of everybody on this account."""
        return parse(self.payload(request), self.account, instagram_change)

    def shows(self, address: str) -> Shows:
        """Text, one file, cards, quick replies, and buttons below words."""
        return messaging_content.INSTAGRAM

    def check(self) -> CheckSteps:
        """Ask for the account; raises BadCredentials where the token is for another one."""
        wanted = self.config["instagram_id"]
        if self._own_login:
            response = yield self.graph("GET", "me", params=[("fields", "id,user_id,username")])
        else:
            response = yield self.graph("GET", wanted, params=[("fields", "id,username")])
        found = self._asked(response)
        # With Instagram's own login ``id`` is the app's, ``user_id`` the account's.
        identity = str(found.get("user_id") or found["id"])
        if identity != wanted:
            words = _("The token belongs to %(name)s (%(id)s), not to this account.")
            raise BadCredentials(words % {"name": found.get("username"), "id": identity})
        return Checked(f"@{found.get('username') or ''} ({identity})")
