"""Templates of WhatsApp accounts, in memory: handed in, reviewed a moment later, removed."""

import asyncio
import itertools
import re
import time
from typing import Any

from simulator import whatsapp_words as words
from simulator.carrier import Carrier
from simulator.lines import Lines
from simulator.whatsapp_words import Json, Refused

REVIEW_S = 1.0
NAME = re.compile(r"[a-z0-9_]{1,512}")
LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Za-z]{2,4})?")
PARAMETER = re.compile(r"\{\{(\w+)\}\}")
CATEGORIES = {"AUTHENTICATION", "MARKETING", "UTILITY"}
# A template whose name begins so is rejected, or found to be marketing.
REJECTED, PROMOTION = "reject", "promo"
# What every account has from the start.
FIRST = (
    ("hello_world", "en_US", "Hello World, this is a first message."),
    ("order_update", "en_US", "Hi {{1}}, there is news about your order {{2}}. Ask us anything."),
    ("order_update", "es", "Hola, {{1}}: hay novedades sobre su pedido {{2}}. Pregúntenos."),
)


class Templates:
    """The templates of all accounts, by account and id."""

    def __init__(self, carrier: Carrier, lines: Lines) -> None:
        self.carrier = carrier
        self.lines = lines
        self.ids = itertools.count(1_000_000_000_000_000 + int(time.time()))
        self.accounts: dict[str, dict[str, Json]] = {}

    def of(self, account: str) -> dict[str, Json]:
        """An account's templates; a new account has a few."""
        if account not in self.accounts:
            self.accounts[account] = {}
            for name, language, text in FIRST:
                body = {"type": "BODY", "text": text}
                self._add(account, name, language, "UTILITY", "APPROVED", [body])
        return self.accounts[account]

    def page(self, account: str, limit: int, after: str) -> Json:
        """A page of the list."""
        rows = list(self.of(account).values())
        start = int(after) if after.isdecimal() else 0
        shown, end = rows[start : start + limit], start + limit
        paging: Json = {"cursors": {"before": str(start), "after": str(end)}}
        if end < len(rows):
            paging["next"] = f"after={end}"
        return {"data": shown, "paging": paging}

    def create(self, account: str, body: Json) -> Json:
        """Take a template; it is reviewed a moment later."""
        name, language = str(body.get("name", "")), str(body.get("language", ""))
        category, parts = str(body.get("category", "")), body.get("components")
        if not NAME.fullmatch(name) or not LANGUAGE.fullmatch(language):
            raise Refused(100, "name or language is not valid.", subcode=2388023)
        if category not in CATEGORIES or not isinstance(parts, list):
            raise Refused(100, "category or components is not valid.")
        if any((row["name"], row["language"]) == (name, language) for row in self._known(account)):
            words_ = f"There is already {language} content for the template {name}."
            raise Refused(100, words_, subcode=2388024)
        _check_body(parts)
        row = self._add(account, name, language, category, "PENDING", parts)
        asyncio.get_running_loop().call_later(REVIEW_S, self._review, account, row)
        return {"id": row["id"], "status": "PENDING", "category": category}

    def delete(self, account: str, name: str, identity: str) -> Json:
        """Remove a template by name, of one language if its id is given."""
        found = [
            row["id"]
            for row in self._known(account)
            if row["name"] == name and identity in {"", row["id"]}
        ]
        if not found:
            raise Refused(100, "message_template not found", subcode=2593002)
        for one in found:
            del self.of(account)[one]
        return {"success": True}

    def approved(self, account: str, use: Json) -> Json:
        """The template that a message names; Refused when it cannot be sent like this."""
        name, code = use["name"], use["language"]["code"]
        for row in self._known(account):
            ours = (row["name"], row["language"]) == (name, code)
            if ours and row["status"] == "APPROVED":
                _check_values(row, use)
                return row
        details = f"template name ({name}) does not exist in {code}"
        raise Refused(132001, details)

    def text(self, row: Json, use: Json) -> str:
        """The words the customer reads."""
        given = _values(use, "body")
        text = str(_part(row, "BODY").get("text", ""))
        for place, one in enumerate(given, 1):
            name = one.get("parameter_name") or str(place)
            text = text.replace(f"{{{{{name}}}}}", str(one.get("text", "")))
        return text

    def _known(self, account: str) -> list[Json]:
        return list(self.of(account).values())

    def _add(
        self, account: str, name: str, language: str, category: str, status: str, parts: list[Any]
    ) -> Json:
        identity = str(next(self.ids))
        row = {
            "id": identity,
            "name": name,
            "language": language,
            "category": category,
            "status": status,
            "components": parts,
            "rejected_reason": "NONE",
        }
        self.accounts.setdefault(account, {})[identity] = row
        return row

    def _review(self, account: str, row: Json) -> None:
        if row["id"] not in self.of(account):
            return
        rejected = row["name"].startswith(REJECTED)
        row["status"] = "REJECTED" if rejected else "APPROVED"
        row["rejected_reason"] = "INVALID_FORMAT" if rejected else "NONE"
        about = {
            "message_template_id": int(row["id"]),
            "message_template_name": row["name"],
            "message_template_language": row["language"],
        }
        if row["name"].startswith(PROMOTION) and row["category"] != "MARKETING":
            moved = {"previous_category": row["category"], "new_category": "MARKETING"}
            row["category"] = "MARKETING"
            self._tell(account, "template_category_update", about | moved)
        end = {"event": row["status"], "reason": row["rejected_reason"]}
        self._tell(account, "message_template_status_update", about | end)

    def _tell(self, account: str, field: str, value: Json) -> None:
        faults = self.carrier.faults_of(words.PROVIDER)
        for line in self.lines.all:
            if line.provider == words.PROVIDER and line.account == account:
                letter = words.letter(words.change(account, field, value), line.token)
                postman = self.carrier.postman
                postman.spawn(postman.deliver(line.webhook_url, letter, faults))


def _part(row: Json, kind: str) -> Json:
    return next((one for one in row["components"] if one.get("type") == kind), {})


def _check_body(parts: list[Any]) -> None:
    body = next((one for one in parts if isinstance(one, dict) and one.get("type") == "BODY"), {})
    text = str(body.get("text", ""))
    if not text.strip():
        raise Refused(100, "A template must have a BODY.")
    found = list(PARAMETER.finditer(text))
    if found and (found[0].start() == 0 or found[-1].end() == len(text)):
        words_ = "Variables can't be at the start or end of the template."
        raise Refused(100, words_, subcode=2388299)
    if found and not body.get("example"):
        raise Refused(100, "Templates with variables need an example.", subcode=2388043)


def _values(use: Json, kind: str) -> list[Json]:
    parts = [one for one in use.get("components", []) if one.get("type") == kind]
    return [value for one in parts for value in one.get("parameters", [])]


def _check_values(row: Json, use: Json) -> None:
    wanted = len(set(PARAMETER.findall(str(_part(row, "BODY").get("text", "")))))
    given = len(_values(use, "body"))
    if wanted != given:
        details = f"body: number of localizable_params ({given}) does not match the expected "
        raise Refused(132000, f"{details}number of params ({wanted})")
