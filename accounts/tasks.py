"""Mails about accounts, sent by a worker so that no page waits, and tidying up."""

from celery import shared_task
from django.conf import settings
from django.core.mail import send_mail as deliver
from django.core.management import call_command
from django.template.loader import render_to_string
from django.utils import translation

from accounts.links import login_url, password_url
from accounts.models import User
from accounts.rest.idempotency import prune_keys

KINDS = {"invitation", "added", "password_reset_key"}


@shared_task(autoretry_for=(OSError,), max_retries=5, retry_backoff=10)
def send_mail(*, kind: str, email: str, language: str, workspace: str = "") -> None:
    """Send one of KINDS to an active user's address; nothing for an address nobody has.

    The secret link is made here, so it never lies in the broker.
    """
    if kind not in KINDS:
        raise ValueError(kind)
    user = User.objects.filter(email__iexact=email, is_active=True).first()
    if user is None:
        return
    with translation.override(user.language or language):
        context = {
            "user": user,
            "workspace": workspace,
            "url": login_url() if kind == "added" else password_url(user),
        }
        title = render_to_string(f"account/email/{kind}_subject.txt", context)
        body = render_to_string(f"account/email/{kind}_message.txt", context)
    subject = settings.ACCOUNT_EMAIL_SUBJECT_PREFIX + " ".join(title.split())
    deliver(subject, body.strip() + "\n", settings.DEFAULT_FROM_EMAIL, [user.email])


@shared_task(ignore_result=True)
def prune() -> None:
    """Forget idempotency keys after their day, and sessions that have run out."""
    prune_keys()
    call_command("clearsessions")
