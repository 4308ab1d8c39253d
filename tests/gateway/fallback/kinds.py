"""A channel like RCS on Twilio's adapter: messages can be withdrawn, and are by themselves."""

from channels_sms.twilio_sms import TwilioSms
from gateway.contract import Capabilities


class Rich(TwilioSms):
    """Recognises repeats, withdraws what is asked for or too late."""

    kind = "rich"
    medium = "rich"
    capabilities = Capabilities(
        max_text=1600, idempotent_send=True, revocable=True, lifetime=True, read_receipts=True
    )


class Firm(TwilioSms):
    """What it has taken cannot be withdrawn."""

    kind = "firm"
    medium = "rich"
    capabilities = Capabilities(max_text=1600, can_find=True)


PATHS = [f"{__name__}.{kind.__name__}" for kind in (Rich, Firm)]
