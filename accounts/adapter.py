"""How allauth behaves here: no open sign-up, links to our own address, quiet log-in."""

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from accounts import services
from accounts.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """People are invited by an admin; nobody signs up by themselves."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("The e-mail address or the password is not right."),
        "too_many_login_attempts": _(
            "Too many failed attempts. Wait five minutes, or reset your password."
        ),
        "enter_current_password": _("This is not your current password."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Sign-up is closed."""
        return False

    def set_password(self, user: User, password: str) -> None:
        """Every way to a new password ends here."""
        services.set_password(user=user, password=password)

    def is_safe_url(self, url: str) -> bool:
        """Only paths of this site: ``?next=`` never leads elsewhere, whatever hosts are allowed."""
        return bool(url) and url_has_allowed_host_and_scheme(
            url, allowed_hosts=None, require_https=settings.HTTPS
        )

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to the person's own settings."""
        return reverse("preferences")

    def get_reset_password_from_key_url(self, key: str) -> str:
        """A link to PUBLIC_URL, not to the Host of the request."""
        uid, _dash, token = key.partition("-")
        path = reverse("account_reset_password_from_key", args=[uid, token])
        return f"{settings.PUBLIC_URL}{path}"

    def is_ajax(self, request: HttpRequest) -> bool:
        """Pages only; there is no JSON log-in."""
        return False
