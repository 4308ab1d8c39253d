"""WhatsApp's error codes as data: what each means for us, and its words for people.

They come with an answer, or minutes later with a ``failed`` status after a 200. Meta says to branch
on the code. Source: providers.md section 5, and the page “Error codes” of the Cloud API.

BadCredentials pauses the whole channel, so it is used only for what concerns the channel itself.
What lies in one template, one recipient or in marketing alone ends the one message.
"""

from channels_social.meta_account import GraphError, Known, Table, meaning
from gateway.errors import (
    BadCredentials,
    NotCapable,
    OptedOut,
    Rejected,
    Throttled,
    Unreachable,
    WindowClosed,
)

HOUR = 3600.0
# Between two messages to the same person, as Meta wants them at least.
PAIR_S = 6.0

TABLE: Table = {
    470: Known(WindowClosed, "Only templates are allowed outside the 24-hour window"),
    33: Known(BadCredentials, "The phone number ID does not exist or was deleted"),
    80007: Known(Throttled, "Too many requests of the business account"),
    80008: Known(Throttled, "Too many template requests of the business account"),
    130429: Known(Throttled, "The number's throughput is reached"),
    130472: Known(NotCapable, "The person is part of an experiment of Meta's"),
    130497: Known(Rejected, "The business may not write to this country"),
    131000: Known(Unreachable, "An unknown error at WhatsApp"),
    131005: Known(BadCredentials, "The permission is missing or was taken back"),
    131008: Known(Rejected, "A parameter is missing"),
    131009: Known(Rejected, "A parameter's value is not valid"),
    131016: Known(Unreachable, "WhatsApp's service is not available"),
    131021: Known(Rejected, "The recipient is the sender itself"),
    131026: Known(NotCapable, "Not on WhatsApp, or cannot receive this there"),
    131030: Known(Rejected, "The recipient is not on the test number's list"),
    131031: Known(BadCredentials, "The business account is locked"),
    131037: Known(BadCredentials, "The number's display name is not approved yet"),
    131042: Known(BadCredentials, "There is a problem with the payment method"),
    131045: Known(BadCredentials, "The number is not registered"),
    131047: Known(WindowClosed, "More than 24 hours since the person last wrote"),
    131048: Known(BadCredentials, "Restricted because of too many complaints"),
    131049: Known(NotCapable, "WhatsApp held it back: too much marketing for this person"),
    131050: Known(OptedOut, "The person has stopped marketing messages of this business"),
    131051: Known(Rejected, "A kind of message that is not supported"),
    131052: Known(Rejected, "The person's file could not be fetched"),
    131053: Known(Rejected, "WhatsApp could not fetch or read the file"),
    131056: Known(Throttled, "Too many messages to the same person", PAIR_S),
    131057: Known(Unreachable, "The business account is in maintenance", HOUR),
    131062: Known(Rejected, "Not possible for a person without a phone number"),
    131063: Known(Rejected, "Marketing is switched off for this account"),
    131064: Known(BadCredentials, "Restricted for breaking the rules for templates"),
    132000: Known(Rejected, "The template wants another number of values"),
    132001: Known(Rejected, "There is no such approved template in this language"),
    132005: Known(Rejected, "The template becomes too long with these values"),
    132007: Known(Rejected, "The template breaks a policy"),
    132012: Known(Rejected, "A value does not fit the template"),
    132015: Known(Rejected, "The template is paused because of its quality"),
    132016: Known(Rejected, "The template is disabled because of its quality"),
    133010: Known(BadCredentials, "The number is not registered at the Cloud API"),
    133016: Known(Throttled, "Too many attempts to register the number", HOUR),
    135000: Known(Unreachable, "An unknown error with the message's parameters"),
    137000: Known(Rejected, "The person's identity key has changed"),
}


def reported(error: GraphError) -> Known:
    """What a code in a ``failed`` status means; an unknown one failed for good."""
    return meaning(error, TABLE) or Known(Rejected, "")
