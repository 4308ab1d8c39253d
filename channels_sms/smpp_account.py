"""What an SMPP channel's configuration says, with its defaults."""

from collections.abc import Mapping
from dataclasses import dataclass

WINDOW = 10
ALPHABETS = ("gsm", "latin1", "ascii")
LONG_MESSAGES = ("udh", "sar", "payload")
RECEIPT_IDS = ("same", "decimal", "hex")


@dataclass(frozen=True, slots=True)
class Account:
    """A bind at an SMSC and how that SMSC wants things.

    ``alphabet`` is what data coding 0 means there; ``long_messages`` how a text of several parts
    travels; ``receipt_ids`` how receipts write the ids that submit_sm_resp gave in the other base.
    """

    host: str
    port: int
    tls: bool
    system_id: str
    password: str
    system_type: str
    source: str
    alphabet: str
    long_messages: str
    receipt_ids: str
    window: int

    @classmethod
    def of(cls, config: Mapping[str, str]) -> "Account":
        """The account of a checked configuration."""
        return cls(
            host=config["host"],
            port=int(config["port"]),
            tls=config.get("tls") == "yes",
            system_id=config["system_id"],
            password=config["password"],
            system_type=config.get("system_type", ""),
            source=config["source"],
            alphabet=config.get("alphabet") or ALPHABETS[0],
            long_messages=config.get("long_messages") or LONG_MESSAGES[0],
            receipt_ids=config.get("receipt_ids") or RECEIPT_IDS[0],
            window=int(config.get("window") or WINDOW),
        )
