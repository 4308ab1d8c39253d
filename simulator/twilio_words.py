"""How Twilio says things: JSON answers, errors, webhook fields and its answers to keywords."""

import re
from email.utils import formatdate
from typing import Any

from simulator.lines import Line
from simulator.world import ACTION, Message

VERSION = "2010-04-01"
PROVIDER_PATH = "/twilio"
DIRECTIONS = {"outbound": "outbound-api", "inbound": "inbound", "answer": "outbound-reply"}

KEYWORDS = {
    **dict.fromkeys(
        ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"), "STOP"
    ),
    **dict.fromkeys(("START", "UNSTOP", "YES"), "START"),
    **dict.fromkeys(("HELP", "INFO"), "HELP"),
}
# The provider's own words, in the language in which it says them.
ANSWERS = {
    "STOP": "You have successfully been unsubscribed. You will not receive any more messages from "
    "this number. Reply START to resubscribe.",
    "START": "You have successfully been re-subscribed to messages from this number. Reply HELP "
    "for help. Reply STOP to unsubscribe.",
    "HELP": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}

# HTTP status and words of each error.
ERRORS: dict[int, tuple[int, str]] = {
    20001: (400, "Invalid content: {}"),
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource {} was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    20503: (503, "Service unavailable"),
    21211: (400, "Invalid 'To' Phone Number: {}"),
    21212: (400, "Invalid From Number: {}"),
    21408: (400, "Permission to send an SMS has not been enabled for the region of {}"),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' or 'MessagingServiceSid' parameter is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (400, "The 'From' phone number {} is not a valid, SMS-capable number of your account."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21612: (400, "The 'To' number {} is not currently reachable via SMS."),
    21614: (400, "'To' number {} is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21623: (400, "Number of media files exceeds allowed limit"),
    21654: (400, "ContentSid is required when ContentVariables are given"),
    21655: (400, "The ContentSid {} is invalid"),
    21656: (400, "The ContentVariables parameter is invalid: {}"),
    21701: (400, "The Messaging Service {} does not exist"),
    30012: (400, "TTL is too small: {}"),
    30409: (409, "Message cannot be canceled any more"),
    63007: (400, "Twilio could not find a Channel with the specified From address {}"),
}
# Twilio's own magic recipients, from its test credentials.
MAGIC = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
RCS = "rcs:"


def keyword(text: str) -> str:
    """STOP, START or HELP when the whole text is such a word; else empty.

    YES is START here as at Twilio, which does not know whether the customer was unsubscribed.
    """
    return KEYWORDS.get(text.strip().strip(".!").upper(), "")


def error(code: int, about: str = "") -> tuple[int, dict[str, Any]]:
    """HTTP status and body of an error."""
    status, words = ERRORS[code]
    return status, {
        "code": code,
        "message": words.format(about),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }


def account(sid: str) -> dict[str, Any]:
    """An account."""
    return {
        "sid": sid,
        "friendly_name": "Simulated account",
        "status": "active",
        "type": "Full",
        "date_created": formatdate(0),
        "date_updated": formatdate(0),
        "owner_account_sid": sid,
        "uri": f"/{VERSION}/Accounts/{sid}.json",
    }


def incoming_number(account_sid: str, number: str, line: Line | None) -> dict[str, Any]:
    """A number of an account."""
    return {
        "sid": f"PN{abs(hash(number)):032x}"[:34],
        "account_sid": account_sid,
        "phone_number": number,
        "friendly_name": line.name if line else number,
        "sms_url": line.webhook_url if line else "",
        "sms_method": "POST",
        "capabilities": {"voice": False, "sms": True, "mms": True, "fax": False},
    }


def message(found: Message) -> dict[str, Any]:
    """A message as the Messages resource shows it."""
    uri = f"/{VERSION}/Accounts/{found.account}/Messages/{found.sid}"
    return {
        "sid": found.sid,
        "account_sid": found.account,
        "api_version": VERSION,
        "messaging_service_sid": found.service or None,
        "from": found.sender or None,
        "to": on_channel(found, found.to),
        "body": found.body,
        "direction": DIRECTIONS[found.direction],
        "status": "received" if found.direction == "inbound" else found.status,
        "num_segments": "0" if found.status == "accepted" else segments(found.body),
        "num_media": str(len(found.media)),
        "error_code": found.error_code or None,
        "error_message": None,
        "price": None,
        "price_unit": "USD",
        "date_created": formatdate(found.at),
        "date_updated": formatdate(found.updated or found.at),
        "date_sent": formatdate(found.sent_at) if found.sent_at else None,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "uri": f"{uri}.json",
    }


def segments(body: str) -> str:
    """Roughly as many parts as the text has; Twilio says it as text."""
    single, part = (160, 153) if body.isascii() else (70, 67)
    units = len(body.encode("utf-16-le")) // 2
    return "1" if units <= single else str(-(-units // part))


def status_fields(found: Message, status: str) -> dict[str, str]:
    """The form of a status callback."""
    fields = {
        "MessageSid": found.sid,
        "SmsSid": found.sid,
        "MessageStatus": status,
        "SmsStatus": status,
        "To": on_channel(found, found.to),
        "From": found.sender,
        "AccountSid": found.account,
        "ApiVersion": VERSION,
    }
    if found.network == "twilio_rcs":
        fields |= {"ChannelPrefix": "rcs", "ChannelToAddress": found.to}
    if status == "read":
        fields["EventType"] = "READ"
    if found.service:
        fields["MessagingServiceSid"] = found.service
    if found.error_code and status in ("failed", "undelivered"):
        fields["ErrorCode"] = str(found.error_code)
    return fields


def message_fields(found: Message, word: str) -> dict[str, str]:
    """The form of a message a customer wrote; ``word`` is the keyword Twilio has answered."""
    fields = {
        "ToCountry": "",
        "FromCountry": "",
        "SmsMessageSid": found.sid,
        "SmsSid": found.sid,
        "MessageSid": found.sid,
        "SmsStatus": "received",
        "AccountSid": found.account,
        "ApiVersion": VERSION,
        "From": on_channel(found, found.sender),
        "To": found.to,
        "Body": found.body,
        "NumSegments": segments(found.body),
        "NumMedia": str(len(found.media)),
    }
    for n, (url, kind) in enumerate(found.media):
        fields[f"MediaUrl{n}"] = url
        fields[f"MediaContentType{n}"] = kind
    if found.service:
        fields["MessagingServiceSid"] = found.service
    if word:
        fields["OptOutType"] = word
    return fields | rich_fields(found)


def rich_fields(found: Message) -> dict[str, str]:
    """What a tap or a place by RCS adds to the form."""
    if found.payload is not None:
        kind = "ACTION" if found.traffic == ACTION else "REPLY"
        return {"ButtonText": found.body, "ButtonPayload": found.payload, "ButtonType": kind}
    if found.location is not None:
        latitude, longitude = found.location
        return {"Latitude": str(latitude), "Longitude": str(longitude)}
    return {}


def on_channel(found: Message, address: str) -> str:
    """A phone's address as it is written on the way a message takes."""
    return f"{RCS}{address}" if found.network == "twilio_rcs" else address


def bare(address: str) -> str:
    """A phone's number, on whatever channel."""
    return address[len(RCS) :] if address[: len(RCS)].lower() == RCS else address
