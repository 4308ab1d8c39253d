"""Tries a channel's log-ins: where its mail leaves, and where it comes in."""

import asyncio
from collections.abc import Callable

import boto3
import requests
from anymail.utils import get_anymail_setting
from botocore.exceptions import BotoCoreError, ClientError

from channels_email.account import IMAP, SMTP, Account, Provider
from channels_email.answers import BY_STATUS
from channels_email.bridge import imap, smtp
from channels_email.bridge.imap import ImapError, Refused
from channels_email.bridge.posting import EUROPE, TIMEOUT, aws, ses_client
from channels_email.bridge.reach import imap_server, simulated, smtp_server
from gateway.errors import BadCredentials, Rejected, Unreachable

# Where a provider says whose key this is, and in which header it wants it.
APIS: dict[str, tuple[str, str]] = {
    "postmark": ("https://api.postmarkapp.com/", "server"),
    "brevo": ("https://api.brevo.com/v3/", "account"),
}
HEADERS = {"postmark": "X-Postmark-Server-Token", "brevo": "api-key"}


async def check(account: Account) -> str:
    """Both log-ins, in words; raises the first SendError."""
    out = await asyncio.to_thread(_out, account)
    if account.receiving != IMAP:
        return out
    return f"{out}; {await _in(account)}"


def _out(account: Account) -> str:
    if account.sending == SMTP or simulated():
        return f"Sends as {smtp.check(smtp_server(account))}"
    CHECKS[account.sending](account)
    return f"Sends through {account.sending}"


async def _in(account: Account) -> str:
    server = imap_server(account)
    connection = await imap.log_in(server)
    try:
        folder = await connection.open(account.folder)
    except Refused as error:
        raise BadCredentials(f"There is no folder {account.folder}: {error}") from error
    except ImapError as error:
        raise Unreachable(f"{server.host}: {error}") from error
    finally:
        await connection.close()
    return f"reads {account.folder} of {server.user} at {server.host} ({folder.exists} mails)"


def _mailgun(account: Account) -> None:
    base = EUROPE if account.provider.region == "eu" else "https://api.mailgun.net/v3"
    domain = account.provider.domain or account.domain
    url = f"{_base('mailgun', base)}/domains/{domain}"
    _ask(url, auth=("api", account.provider.key))


def _with_header(account: Account) -> None:
    base, path = APIS[account.sending]
    url = f"{_base(account.sending, base)}/{path}"
    _ask(url, headers={HEADERS[account.sending]: account.provider.key})


def _base(name: str, usual: str) -> str:
    return str(get_anymail_setting("api_url", esp_name=name, default=usual)).rstrip("/")


def _ask(
    url: str, *, auth: tuple[str, str] | None = None, headers: dict[str, str] | None = None
) -> None:
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.get(
                url, auth=auth, headers=headers, timeout=TIMEOUT, allow_redirects=False
            )
        except requests.RequestException as error:
            raise Unreachable("The provider cannot be reached.") from error
    if answer.status_code == 404:
        raise BadCredentials("The provider does not know this domain.", code="404")
    if answer.status_code in BY_STATUS:
        words = answer.text.strip()[:300] or f"HTTP {answer.status_code}"
        raise BY_STATUS[answer.status_code](words, code=str(answer.status_code))
    if answer.status_code != 200:
        raise Unreachable(f"The provider answers HTTP {answer.status_code}.")


def _amazon(account: Account) -> None:
    provider: Provider = account.provider
    client = boto3.session.Session().client("sesv2", **ses_client(provider))
    try:
        client.get_account()
    except ClientError as error:
        found = aws(error)
        raise (BadCredentials(found.text) if isinstance(found, Rejected) else found) from error
    except BotoCoreError as error:
        raise Unreachable("Amazon SES cannot be reached.") from error
    finally:
        client.close()


CHECKS: dict[str, Callable[[Account], None]] = {
    "mailgun": _mailgun,
    "postmark": _with_header,
    "brevo": _with_header,
    "amazon_ses": _amazon,
}
