"""Absolute links in mails: always to PUBLIC_URL, never to the Host a request claimed."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse

from accounts.models import User


def login_url() -> str:
    """Where people log in."""
    return settings.PUBLIC_URL + reverse("account_login")


def password_url(user: User) -> str:
    """Where this person sets a password: works once, for PASSWORD_RESET_TIMEOUT seconds."""
    key = default_token_generator.make_token(user)
    return settings.PUBLIC_URL + reverse(
        "account_reset_password_from_key", args=[user_pk_to_url_str(user), key]
    )
