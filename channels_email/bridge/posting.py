"""Hands a mail to an e-mail service provider, by django-anymail's backends.

Each provider's hosts are fixed in those backends; a person names a region at most.
"""

from collections.abc import Callable, Mapping
from typing import Any

import requests
from anymail.backends import amazon_ses, brevo, mailgun, postmark
from anymail.backends.base import AnymailBaseBackend
from anymail.exceptions import (
    AnymailAPIError,
    AnymailError,
    AnymailRecipientsRefused,
    AnymailRequestsAPIError,
)
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError
from django.core.mail import EmailMultiAlternatives
from urllib3.exceptions import NewConnectionError

from channels_email.account import Account, Provider
from channels_email.answers import BY_STATUS
from channels_email.esp_events import wire_id
from gateway.errors import (
    Ambiguous,
    BadCredentials,
    OptedOut,
    Rejected,
    SendError,
    Throttled,
    Unreachable,
)
from gateway.http import Response

# The outbox waits half a minute.
TIMEOUT = (5.0, 20.0)
EUROPE = "https://api.eu.mailgun.net/v3"
# botocore's names of errors; those that are none of these are about the mail.
SES: dict[str, type[SendError]] = {
    "TooManyRequestsException": Throttled,
    "ThrottlingException": Throttled,
    "Throttling": Throttled,
    "LimitExceededException": Throttled,
    "AccountSuspendedException": BadCredentials,
    "SendingPausedException": BadCredentials,
    "MailFromDomainNotVerifiedException": BadCredentials,
    "AccessDeniedException": BadCredentials,
    "UnrecognizedClientException": BadCredentials,
    "InvalidClientTokenId": BadCredentials,
    "InvalidSignatureException": BadCredentials,
    "SignatureDoesNotMatch": BadCredentials,
    "ExpiredTokenException": BadCredentials,
}


def ses_client(provider: Provider) -> dict[str, Any]:
    """What boto3 is given; the credentials are the channel's own, never the machine's."""
    return {
        "aws_access_key_id": provider.key_id,
        "aws_secret_access_key": provider.key,
        "region_name": provider.region,
        "config": Config(
            connect_timeout=TIMEOUT[0], read_timeout=TIMEOUT[1], retries={"total_max_attempts": 1}
        ),
    }


def _mailgun(account: Account) -> AnymailBaseBackend:
    more = {"api_url": EUROPE} if account.provider.region == "eu" else {}
    domain = account.provider.domain or account.domain
    key = account.provider.key
    return mailgun.EmailBackend(api_key=key, sender_domain=domain, timeout=TIMEOUT, **more)


BACKENDS: dict[str, Callable[[Account], AnymailBaseBackend]] = {
    "mailgun": _mailgun,
    "postmark": lambda account: postmark.EmailBackend(
        server_token=account.provider.key, timeout=TIMEOUT
    ),
    "brevo": lambda account: brevo.EmailBackend(api_key=account.provider.key, timeout=TIMEOUT),
    "amazon_ses": lambda account: amazon_ses.EmailBackend(
        client_params=ses_client(account.provider)
    ),
}


def post(account: Account, mail: EmailMultiAlternatives, said: Mapping[str, Any]) -> str:
    """Send; returns the Message-ID that the mail goes out with. Raises a SendError."""
    mail.metadata = {"delivery": said["uid"]}  # type: ignore[attr-defined]
    backend = BACKENDS[account.sending](account)
    try:
        backend.open()
        if hasattr(backend, "session") and backend.session is not None:
            # Neither the machine's proxies nor its stored log-ins.
            backend.session.trust_env = False
        backend.send_messages([mail])
    except AnymailRecipientsRefused as error:
        raise _refused(account, error) from error
    except AnymailAPIError as error:
        raise problem(error) from error
    except (AnymailError, ValueError) as error:
        raise Rejected(str(error)[:500]) from error
    finally:
        backend.close()
    status = mail.anymail_status.recipients.get(said["recipient"])  # type: ignore[attr-defined]
    found = status.message_id if status else None
    if not found:
        raise Rejected("The provider did not take it for this address.", code="refused")
    return wire_id(account.sending, str(found), account.provider.region)


def _refused(account: Account, error: AnymailError) -> SendError:
    words = f"{account.sending} refused the recipient."
    # Postmark's "inactive": a hard bounce or a complaint before (ErrorCode 406).
    kind = OptedOut if account.sending == "postmark" else Rejected
    return kind(words, code="refused")


def problem(error: AnymailAPIError) -> SendError:
    """What an unsuccessful call means."""
    if isinstance(error, AnymailRequestsAPIError):
        return _http(error)
    cause = error.__cause__
    if isinstance(cause, ClientError):
        return aws(cause)
    if isinstance(cause, EndpointConnectionError):
        return Unreachable("Amazon SES cannot be reached.")
    return Ambiguous(f"Amazon SES gave no answer: {type(cause).__name__}")


def aws(error: ClientError) -> SendError:
    """What an error of Amazon's means."""
    about = error.response.get("Error", {})
    code, words = str(about.get("Code", "")), str(about.get("Message", ""))[:500]
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
    if code in SES:
        return SES[code](words or code, code=code[:32])
    kind = Ambiguous if status >= 500 else Rejected
    return kind(words or code or f"HTTP {status}", code=code[:32])


def _http(error: AnymailRequestsAPIError) -> SendError:
    answer = error.response
    if answer is None:
        return _no_answer(error)
    status = int(answer.status_code)
    words = (answer.text or "").strip()[:300] or f"HTTP {status}"
    if status in BY_STATUS:
        wait = Response(status, {k.lower(): v for k, v in answer.headers.items()}, b"")
        return BY_STATUS[status](words, code=str(status), retry_after=wait.retry_after())
    if status >= 500 or status < 400 or status == 408:
        return Ambiguous(words, code=str(status))
    return Rejected(words, code=str(status))


def _no_answer(error: AnymailRequestsAPIError) -> SendError:
    cause = error.__cause__
    inner = cause.args[0] if cause is not None and cause.args else None
    never = isinstance(getattr(inner, "reason", None), NewConnectionError)
    if isinstance(cause, requests.ConnectTimeout | requests.exceptions.SSLError) or never:
        return Unreachable("The provider cannot be reached.")
    return Ambiguous(f"No answer: {type(cause).__name__}")
