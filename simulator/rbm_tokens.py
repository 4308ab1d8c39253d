"""Google's token endpoint: signed claims of service accounts are changed for bearer tokens."""

import secrets
import time
from typing import Any

import jwt
import jwt.types

from simulator.lines import Agent, Lines

TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
SCOPE = "https://www.googleapis.com/auth/rcsbusinessmessaging"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFE_S = 3599
LONGEST_CLAIM_S = 3600
WRONG = "wrong"


class Refused(Exception):
    """No token; the argument says why, as Google's ``error_description``."""


class Tokens:
    """The tokens given out. Several keys of one account may be in use, told apart by their ids."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.given: dict[str, tuple[str, float]] = {}

    async def change(self, form: dict[str, list[str]]) -> dict[str, Any]:
        """The answer to a claim; Refused when it is not right."""
        if form.get("grant_type") != [GRANT_TYPE]:
            raise Refused("Invalid grant_type")
        claim = form.get("assertion", [""])[0]
        email = await self._owner(claim)
        now = time.monotonic()
        self.given = {token: kept for token, kept in self.given.items() if kept[1] > now}
        token = f"ya29.{secrets.token_urlsafe(32)}"
        self.given[token] = (email, now + LIFE_S)
        return {"access_token": token, "expires_in": LIFE_S, "token_type": "Bearer"}

    def account(self, authorization: str) -> str | None:
        """Whose token this is; None when it is nobody's, or old."""
        kind, _, token = authorization.partition(" ")
        email, until = self.given.get(token, ("", 0.0))
        return email if kind == "Bearer" and time.monotonic() < until else None

    async def _owner(self, claim: str) -> str:
        try:
            key_id = str(jwt.get_unverified_header(claim).get("kid", ""))
            claims = jwt.decode(claim, options={"verify_signature": False})
        except jwt.InvalidTokenError as error:
            raise Refused("Invalid JWT") from error
        email = str(claims.get("iss", ""))
        if not email or email.startswith(WRONG) or key_id.startswith(WRONG):
            raise Refused("Invalid grant: account not found")
        known = await self._key(email, key_id)
        self._check(claim, claims, known)
        return email

    async def _key(self, email: str, key_id: str) -> str | None:
        """The public key with this id; None for an account or a key that no channel has yet."""
        found = self._known(email, key_id)
        if found is None:
            await self.lines.refresh()
            found = self._known(email, key_id)
        return found

    def _known(self, email: str, key_id: str) -> str | None:
        agents: list[Agent] = [line.agent for line in self.lines.all if line.agent]
        for agent in agents:
            if (agent.email, agent.key_id) == (email, key_id) and agent.public_key:
                return agent.public_key
        return None

    def _check(self, claim: str, claims: dict[str, Any], key: str | None) -> None:
        if claims.get("scope") != SCOPE:
            raise Refused("Invalid scope")
        try:
            lasts = int(claims["exp"]) - int(claims["iat"])
            # Without a channel there is no key to check with; the rest must be right all the same,
            # so that a key file can be tried before it is saved.
            options: jwt.types.Options = {
                "verify_signature": key is not None,
                "verify_aud": True,
                "verify_exp": True,
            }
            jwt.decode(
                claim,
                key or "",
                algorithms=["RS256"],
                audience=TOKEN_URI,
                leeway=30,
                options=options,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise Refused("Invalid JWT: iat and exp are needed") from error
        except jwt.InvalidSignatureError as error:
            raise Refused("Invalid JWT Signature.") from error
        except jwt.InvalidTokenError as error:
            raise Refused(f"Invalid JWT: {error}") from error
        if lasts > LONGEST_CLAIM_S:
            raise Refused("Invalid JWT: Token must be a short-lived token (60 minutes)")
