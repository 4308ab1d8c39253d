"""What is wrong with the settings of a generic HTTP channel, beyond each field's own form."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from channels_sms import http_template as template
from channels_sms.http_answers import read_statuses
from channels_sms.http_tables import InvalidTable, read_codes, read_words
from channels_sms.senders import check_senders

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Config = Mapping[str, str]
Errors = dict[str, "str | _StrPromise"]

READERS: tuple[tuple[str, Callable[[str], Any]], ...] = (
    ("send_url", template.read_url),
    ("headers", template.read_headers),
    ("error_codes", read_codes),
    ("status_words", read_words),
)


def check(config: Config) -> Errors:
    """Errors by field; what is missing is said where it is missing."""
    errors: Errors = {}
    for name, read in (*READERS, ("body", reader_of_body(config))):
        try:
            if config.get(name):
                read(config[name])
        except (template.InvalidTemplate, InvalidTable) as error:
            errors[name] = str(error)
    try:
        read_statuses(config.get("accepted") or "2xx")
    except ValueError:
        errors["accepted"] = _("Write statuses like 200, 202 or 2xx.")
    errors.update(check_senders(config, config.get("from_number", "")))
    for problems in (_check_url(config), _sending(config), _receiving(config), _signature(config)):
        errors = {**problems, **errors}
    return errors


def reader_of_body(config: Config) -> Callable[[str], Any]:
    """How the body's template is read."""
    return template.read_form if config.get("body_type") == "form" else template.read_json


def _check_url(config: Config) -> Errors:
    url = config.get("check_url")
    try:
        if url:
            template.read_url(url)
            template.check_string(url, ("from", "from_digits", "key"))
    except template.InvalidTemplate as error:
        return {"check_url": str(error)}
    return {}


def _sending(config: Config) -> Errors:
    errors: Errors = {}
    has_body = config.get("method") != "GET"
    if has_body and not config.get("body"):
        errors["body"] = _("Write what is sent, with at least {{to}} and {{text}}.")
    if not has_body and config.get("body"):
        errors["body"] = _("GET has no body; write the variables into the address.")
    named = template.used(config.get("send_url", "") + config.get("body", ""))
    if not errors and not ("text" in named and named & {"to", "to_digits"}):
        where = "body" if has_body else "send_url"
        errors[where] = _("{{to}} (or {{to_digits}}) and {{text}} must stand somewhere.")
    everywhere = named | template.used(config.get("headers", "") + config.get("check_url", ""))
    if "key" in everywhere and not config.get("key"):
        errors["key"] = _("{{key}} is used, so enter what it stands for.")
    if config.get("basic_user") and not config.get("key"):
        errors["key"] = _("HTTP Basic needs a password: enter it here.")
    if config.get("idempotent") == "yes" and "id" not in everywhere:
        errors["idempotent"] = _("For this, {{id}} must be sent along.")
    return errors


def _receiving(config: Config) -> Errors:
    errors: Errors = {}
    if bool(config.get("in_sender")) != bool(config.get("in_text")):
        missing = "in_text" if config.get("in_sender") else "in_sender"
        errors[missing] = _("A message needs both a sender and a text.")
    if config.get("in_sender") and not (config.get("in_id") or config.get("in_time")):
        errors["in_id"] = _(
            "Name the field of the id, or at least that of the time: otherwise a second “OK” of "
            "the same person would be taken for a repeat."
        )
    if config.get("status_field") and not config.get("status_id"):
        errors["status_id"] = _("A report needs the id of the message it is about.")
    return errors


def _signature(config: Config) -> Errors:
    if config.get("signature") == "basic" and not config.get("signature_name"):
        return {"signature_name": _("HTTP Basic needs a user name.")}
    return {}
