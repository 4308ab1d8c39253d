"""The settings of the generic HTTP channel, in the order and groups in which people see them."""

from django.utils.translation import gettext_lazy as _

from channels_sms.http_signature import SCHEMES
from channels_sms.senders import senders_field
from gateway.contract import ConfigField

SENDING = _("Sending")
ANSWER = _("The provider’s answer")
CHECK = _("Trying the credentials")
SIGNATURE = _("How webhooks are verified")
MESSAGES = _("Messages that come in")
REPORTS = _("Status reports")

METHODS = (("POST", "POST"), ("PUT", "PUT"), ("GET", "GET"))
BODIES = (("json", "JSON"), ("form", _("Form fields")))
YES_NO = (("no", _("No")), ("yes", _("Yes")))
PATH = r"[^\s.]+(\.[^\s.]+)*"
PATH_ERROR = _("A name, or several with dots between them, like messages.0.id.")
HEADER = r"[A-Za-z0-9_.@+-]{1,100}"
WORDS = """queued = ignored
accepted = ignored
pending = ignored
sent = sent
delivered = delivered
read = read
failed = failed
undelivered = failed
undeliverable = failed
rejected = failed
expired = expired"""


def _path(name: str, label: object, help: object, group: object, example: str = "") -> ConfigField:
    """A field that names a place in JSON or a form."""
    return ConfigField(
        name,
        label,  # type: ignore[arg-type]
        help=help,  # type: ignore[arg-type]
        required=False,
        pattern=PATH,
        pattern_error=PATH_ERROR,
        placeholder=example,
        group=group,  # type: ignore[arg-type]
    )


SENDING_FIELDS = (
    ConfigField(
        "send_url",
        _("Address to send to"),
        help=_(
            "Where a message is handed over. Variables may stand in the path and in the values of "
            "parameters: {{to}}, {{to_digits}}, {{from}}, {{from_digits}}, {{text}} (parameters "
            "only), {{id}}, {{status_url}} and {{validity}} (parameters only), {{key}}."
        ),
        url=True,
        placeholder="https://api.provider.example/v1/messages",
        group=SENDING,
    ),
    ConfigField("method", _("Method"), choices=METHODS, default="POST", group=SENDING),
    ConfigField("body_type", _("Kind of body"), choices=BODIES, default="json", group=SENDING),
    ConfigField(
        "body",
        _("Body"),
        help=_(
            "JSON with variables inside quotes, or form fields, one name=value a line. What is "
            "filled in is escaped. {{to_digits}} is the number without +, {{id}} our own id of the "
            "message, {{status_url}} where reports on it may go, {{validity}} for how many seconds "
            "it is worth delivering (left out where it has no end). Empty for GET."
        ),
        required=False,
        multiline=True,
        placeholder='{"to": "{{to}}", "from": "{{from}}", "text": "{{text}}"}',
        group=SENDING,
    ),
    ConfigField(
        "headers",
        _("Headers"),
        help=_(
            "One “Name: value” a line, for example Authorization: Bearer …. {{key}}, {{id}} and "
            "the numbers may stand in values. Kept encrypted and never shown again."
        ),
        secret=True,
        required=False,
        multiline=True,
        placeholder="Authorization: Bearer …",
        group=SENDING,
    ),
    ConfigField(
        "key",
        _("Key or password"),
        help=_("What {{key}} stands for. Kept encrypted and never shown again."),
        secret=True,
        required=False,
        group=SENDING,
    ),
    ConfigField(
        "basic_user",
        _("User name for HTTP Basic"),
        help=_("If the provider wants HTTP Basic; the password is the key."),
        required=False,
        pattern=r"[^:\s]+",
        group=SENDING,
    ),
    ConfigField(
        "from_number",
        _("Sender"),
        help=_("What {{from}} stands for: a number, a short code or a name."),
        pattern=r"\+[0-9]{6,15}|[0-9]{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}",
        pattern_error=_(
            "A number like +14155550100, a short code of 3 to 8 digits, or a name of up to 11 "
            "letters and digits."
        ),
        placeholder="+14155550100",
        group=SENDING,
    ),
    senders_field(SENDING),
    ConfigField(
        "max_text",
        _("Longest text"),
        help=_("In characters of one message."),
        pattern=r"[1-9][0-9]{0,3}",
        pattern_error=_("A whole number from 1 to 9999."),
        default="1600",
        group=SENDING,
    ),
    ConfigField(
        "idempotent",
        _("The provider recognises {{id}}"),
        help=_(
            "Yes only if it sends a message once, however often it is asked with the same {{id}}: "
            "then one whose fate is unclear after a crash is sent again."
        ),
        choices=YES_NO,
        default="no",
        group=SENDING,
    ),
)

ANSWER_FIELDS = (
    ConfigField(
        "accepted",
        _("HTTP statuses that mean accepted"),
        help=_("For example 2xx, or 200, 202."),
        default="2xx",
        placeholder="2xx",
        group=ANSWER,
    ),
    _path(
        "id_path",
        _("Where the message’s id stands"),
        _("In the JSON of the answer. Empty: the provider knows it by our {{id}}."),
        ANSWER,
        "messages.0.id",
    ),
    _path(
        "error_path",
        _("Where the error’s words stand"),
        _("They are shown to your team."),
        ANSWER,
        "error.message",
    ),
    _path(
        "code_path",
        _("Where the error’s code stands"),
        _("Also looked at when the HTTP status means accepted."),
        ANSWER,
        "error.code",
    ),
    ConfigField(
        "error_codes",
        _("What codes mean"),
        help=_(
            "One “code = meaning” a line; the code is the provider’s or an HTTP status. Meanings: "
            "rejected, opted_out, not_capable, too_long, bad_credentials (pauses the channel), "
            "throttled and unreachable (tried again), unclear. Without a line: 401 and 403 are "
            "bad_credentials, 429 throttled, 503 unreachable, other 4xx rejected, all else unclear."
        ),
        required=False,
        multiline=True,
        placeholder="1610 = opted_out\n402 = bad_credentials",
        group=ANSWER,
    ),
)

CHECK_FIELDS = (
    ConfigField(
        "check_url",
        _("Address to ask"),
        help=_("Asked by GET with the same headers; it must answer 2xx. Empty: nothing is tried."),
        required=False,
        url=True,
        placeholder="https://api.provider.example/v1/balance",
        group=CHECK,
    ),
    _path(
        "check_path",
        _("What to show of the answer"),
        _("If named, it must be in the JSON of the answer."),
        CHECK,
        "account.name",
    ),
)

SIGNATURE_FIELDS = (
    ConfigField(
        "signature",
        _("Proof"),
        help=_("A request without it is refused."),
        choices=SCHEMES,
        default="hmac_sha256_hex",
        group=SIGNATURE,
    ),
    ConfigField(
        "webhook_secret",
        _("Secret of the webhooks"),
        help=_(
            "The key of the HMAC, the value of the header or parameter, or the password. Without "
            "it nothing is taken. At least 8 characters; kept encrypted and never shown again."
        ),
        secret=True,
        pattern=r"[!-~]{8,}",
        pattern_error=_("At least 8 characters, and no spaces or accents."),
        group=SIGNATURE,
    ),
    ConfigField(
        "signature_name",
        _("Name of the header, parameter or user"),
        help=_("Empty: X-Signature, X-Webhook-Token, or the parameter “token”."),
        required=False,
        pattern=HEADER,
        placeholder="X-Signature",
        group=SIGNATURE,
    ),
    ConfigField(
        "signature_prefix",
        _("What stands before the value"),
        help=_("For example sha256= or Bearer."),
        required=False,
        pattern=r"[!-~]{1,40}",
        placeholder="sha256=",
        group=SIGNATURE,
    ),
)

MESSAGE_FIELDS = (
    _path(
        "in_sender",
        _("Field of the sender"),
        _("A dotted path in JSON, or the name of a form field."),
        MESSAGES,
        "message.from",
    ),
    _path("in_text", _("Field of the text"), "", MESSAGES, "message.text"),
    _path(
        "in_id",
        _("Field of the message’s id"),
        _("By it a repeat is recognised. Without it: by sender, recipient, text and time."),
        MESSAGES,
        "message.id",
    ),
    _path(
        "in_time",
        _("Field of the time"),
        _("ISO 8601, or Unix seconds or milliseconds."),
        MESSAGES,
        "message.received_at",
    ),
    _path("in_recipient", _("Field of the recipient"), "", MESSAGES, "message.to"),
    ConfigField(
        "country",
        _("Country of numbers without one"),
        help=_(
            "Two letters, if the provider writes national numbers. Empty: numbers begin with their "
            "country code, with or without +."
        ),
        required=False,
        pattern=r"[A-Z]{2}",
        pattern_error=_("Two capital letters, for example ES."),
        placeholder="ES",
        group=MESSAGES,
    ),
    _path(
        "events_path",
        _("Where the list of events stands"),
        _(
            "If one request carries several messages or reports; the fields are then looked for in "
            "each. A list as the whole body needs no path."
        ),
        MESSAGES,
        "events",
    ),
)

REPORT_FIELDS = (
    _path(
        "status_field",
        _("Field of the status"),
        _("A request that has it is a report, not a message."),
        REPORTS,
        "report.status",
    ),
    _path("status_id", _("Field of the message’s id"), "", REPORTS, "report.message_id"),
    _path(
        "status_to",
        _("Field of the customer’s number"),
        _("So that reports and messages of one person keep their order."),
        REPORTS,
        "report.to",
    ),
    _path(
        "status_code",
        _("Field of the error’s code"),
        _("Its meaning is looked up in “What codes mean”."),
        REPORTS,
        "report.error",
    ),
    _path(
        "status_reference",
        _("Field of our own id"),
        _("If the provider carries {{id}} back, reports may come before its answer."),
        REPORTS,
        "report.reference",
    ),
    ConfigField(
        "status_words",
        _("What statuses mean"),
        help=_(
            "One “word = state” a line, upper or lower case alike. States: sent, delivered, read, "
            "failed, expired, ignored. A word that is not here is shown to admins as unknown."
        ),
        required=False,
        multiline=True,
        default=WORDS,
        group=REPORTS,
    ),
)

FIELDS = (
    *SENDING_FIELDS,
    *ANSWER_FIELDS,
    *CHECK_FIELDS,
    *SIGNATURE_FIELDS,
    *MESSAGE_FIELDS,
    *REPORT_FIELDS,
)
