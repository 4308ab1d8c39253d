"""The product's settings, and hooks to stop at, for processes that tests break."""

from omnichannel.settings import *  # noqa: F403
from omnichannel.settings import GATEWAY_ADAPTERS, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.stages.Faults"]
# Twilio sends one event a request; others send many.
GATEWAY_ADAPTERS = [*GATEWAY_ADAPTERS, "tests.faults.many.ManySms"]
