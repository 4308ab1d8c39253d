"""Reads what Google's API answers."""

from typing import Any

from channels_sms import rbm_errors
from gateway.contract import Response
from gateway.errors import Ambiguous, BadCredentials, NotCapable, SendError, Unreachable


def message_id(response: Response) -> str:
    """Our id in the answer's ``phones/+1…/agentMessages/<id>``; raises what went wrong."""
    if not 200 <= response.status < 300:
        raise rbm_errors.failure(response)
    answer = response.json()
    name = answer.get("name") if isinstance(answer, dict) else None
    found = name.rpartition("/agentMessages/")[2] if isinstance(name, str) else ""
    if 0 < len(found) <= 255 and found.isascii() and found.isprintable():
        return found
    raise Ambiguous("Google accepted the request but its answer names no message.")


def body(response: Response) -> dict[str, Any]:
    """A JSON object answered to a question; asking again is harmless."""
    found = response.json()
    if not isinstance(found, dict):
        raise Unreachable("Google's answer is not understood.")
    return found


def forbidden(response: Response) -> bool:
    """Whether the account may not do this, or not with this phone."""
    return response.status == 403


def about_agent(error: SendError) -> SendError:
    """An error of a question that names no single phone: what is not found is the agent."""
    if isinstance(error, NotCapable):
        return BadCredentials(f"Google does not know this agent: {error.text}", code=error.code)
    return error
