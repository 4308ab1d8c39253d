"""Twilio's adapter with other abilities: providers that cannot be asked, or recognise repeats."""

from channels_sms.twilio_sms import TwilioSms
from gateway.contract import Capabilities


class Askable(TwilioSms):
    """Repeats are new messages, but the provider says whether it has one."""

    kind = "askable"


class Mute(TwilioSms):
    """Repeats are new messages, and nobody can ask."""

    kind = "mute"
    capabilities = Capabilities(max_text=1600)


class Idempotent(TwilioSms):
    """The provider recognises our uid: a repeat is the same message."""

    kind = "idempotent"
    capabilities = Capabilities(max_text=1600, idempotent_send=True)


PATHS = [f"{__name__}.{kind.__name__}" for kind in (Askable, Mute, Idempotent)]
