"""What an e-mail channel's configuration says, with its defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SMTP, IMAP, WEBHOOK, MX, NONE = "smtp", "imap", "webhook", "mx", "none"
STARTTLS, TLS, PLAIN = "starttls", "tls", "none"
SENDING = (SMTP, "mailgun", "postmark", "amazon_ses", "brevo")
RECEIVING = (IMAP, WEBHOOK, MX, NONE)
SECURITY = (STARTTLS, TLS, PLAIN)
# Whose inbound webhook brings a whole mail. Brevo's leaves the files to be fetched one by one.
BRINGS_MAIL = ("mailgun", "postmark", "amazon_ses")


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server and the access to it; no ``user``: without a log-in."""

    host: str
    port: int
    security: str
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Provider:
    """An account at an e-mail service provider. ``key_id`` and ``region`` as its console says."""

    name: str
    key: str = field(default="", repr=False)
    key_id: str = ""
    domain: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """A mailbox: who it is, how mail leaves (``smtp`` or ``provider``), how it comes in."""

    address: str
    name: str
    sending: str
    receiving: str
    smtp: Server
    provider: Provider
    imap: Server
    folder: str

    @classmethod
    def of(cls, config: Mapping[str, str]) -> "Account":
        """The account of a checked configuration."""
        sending = config.get("sending") or SMTP
        return cls(
            address=config["from_address"].lower(),
            name=config.get("from_name", ""),
            sending=sending,
            receiving=config.get("receiving") or IMAP,
            smtp=_server(config, "smtp", STARTTLS, {STARTTLS: 587, TLS: 465, PLAIN: 25}),
            provider=Provider(
                sending,
                config.get("provider_key", ""),
                config.get("provider_key_id", ""),
                config.get("provider_domain", ""),
                config.get("provider_region", ""),
            ),
            imap=_server(config, "imap", TLS, {STARTTLS: 143, TLS: 993, PLAIN: 143}),
            folder=config.get("imap_folder") or "INBOX",
        )

    @property
    def domain(self) -> str:
        """What comes after the @."""
        return self.address.rpartition("@")[2]


def _server(config: Mapping[str, str], what: str, secure: str, ports: Mapping[str, int]) -> Server:
    security = config.get(f"{what}_security") or secure
    return Server(
        host=config.get(f"{what}_host", ""),
        port=int(config.get(f"{what}_port") or ports[security]),
        security=security,
        user=config.get(f"{what}_user", ""),
        password=config.get(f"{what}_password", ""),
    )
