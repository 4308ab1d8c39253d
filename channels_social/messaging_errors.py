"""What the Graph API's errors mean for Messenger and Instagram, beside what is common to all.

Source: providers.md section 6; the codes are integrators' experience as far as Meta does not list
them at developers.facebook.com/docs/messenger-platform/error-codes.
"""

from channels_social.meta_account import Known, Table
from gateway.errors import (
    BadCredentials,
    NotCapable,
    Rejected,
    Throttled,
    Unreachable,
    WindowClosed,
)

OUTSIDE = Known(WindowClosed, "The time for answering this person is over")

TABLE: Table = {
    (10, 2018278): OUTSIDE,
    (10, 2534022): OUTSIDE,
    (10, 1893063): Known(BadCredentials, "Meta has restricted this page"),
    (100, 2018001): Known(Rejected, "There is no such person"),
    (100, 1893061): Known(Rejected, "Meta does not take this message tag any more"),
    # Blocked, deactivated or away: it may pass, so it is no opt-out.
    551: Known(NotCapable, "This person cannot be reached at the moment"),
    1200: Known(Unreachable, "Meta could not send it for the moment"),
    80006: Known(Throttled, "Too many requests for this account"),
    2018109: Known(Rejected, "The file is too large"),
    2018344: Known(BadCredentials, "Meta's terms have to be accepted first"),
}
