"""A look-alike of Twilio's REST API, as far as the product uses it."""

import asyncio
import base64
import binascii
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from simulator import twilio_words as words
from simulator.bodies import answer
from simulator.carrier import Carrier
from simulator.faults import Faults, happens
from simulator.lines import Line, Lines
from simulator.twilio_calls import (
    ACCOUNT,
    Handler,
    Refused,
    cut_off,
    first,
    read_form,
    refusal,
    whole,
)
from simulator.twilio_media import CDN, cdn_url
from simulator.twilio_rcs import WAY, TwilioRcsNetwork
from simulator.twilio_rich import RichMessages
from simulator.world import Message, new_sid

PROVIDER = "twilio"
MAX_BODY = 1600
MAX_MEDIA = 10
LONGEST_VALIDITY_S = 36_000
PAGE_SIZE = 50
MAX_PAGE_SIZE = 1000


class TwilioApi:
    """The resources below ``/twilio/2010-04-01/Accounts/``, and ``/twilio/v1/Content``."""

    def __init__(self, carrier: Carrier, rcs: TwilioRcsNetwork, lines: Lines) -> None:
        self.carrier = carrier
        self.rich = RichMessages(rcs)
        self.world = carrier.world
        self.lines = lines

    def routes(self) -> list[web.RouteDef]:
        """Routes to add to the application."""
        root = f"/{PROVIDER}/{words.VERSION}/Accounts/{{account:AC[0-9a-fA-F]{{32}}}}"
        return [
            web.post(f"{root}/Messages.json", self.guarded(self.send)),
            web.get(f"{root}/Messages.json", self.guarded(self.list)),
            web.get(f"{root}/Messages/{{sid}}.json", self.guarded(self.show)),
            web.post(f"{root}/Messages/{{sid}}.json", self.guarded(self.change)),
            web.get(f"{root}/Messages/{{sid}}/Media/{{media}}", self.guarded(self.file)),
            web.get(f"{CDN}/{{sid}}", self.carrier.media.cdn),
            web.get(f"{root}/IncomingPhoneNumbers.json", self.guarded(self.numbers)),
            web.get(f"{root}.json", self.guarded(self.account)),
            *self.rich.routes(f"/{PROVIDER}", self.guarded),
            web.route("*", f"/{PROVIDER}/{{rest:.*}}", self.nowhere),
        ]

    def guarded(self, handler: Handler) -> Handler:
        """A handler behind the log-in and the fault knobs; what it refuses becomes an answer."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                faults = self.carrier.faults_of(PROVIDER)
                if happens(faults.drop_connection):
                    cut_off(request)
                    raise Refused(20503)
                await self._check_faults(faults)
                await self._check_credentials(request)
                return await handler(request)
            except Refused as refused:
                return refusal(refused)

        return handle

    async def _check_faults(self, faults: Faults) -> None:
        for rate, code in (
            (faults.rate_429, 20429),
            (faults.rate_500, 20500),
            (faults.rate_503, 20503),
            (faults.rate_credentials, 20003),
        ):
            if happens(rate):
                await asyncio.sleep(faults.latency_ms / 1000)
                raise Refused(code)

    async def _check_credentials(self, request: web.Request) -> None:
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        try:
            name, _, token = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise Refused(20003) from None
        if kind.lower() != "basic" or name != request.match_info.get("account", name):
            raise Refused(20003)
        if not await self.lines.allows(name, token):
            raise Refused(20003)
        request[ACCOUNT] = name

    # --- Messages ---------------------------------------------------------------------------------

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Take a message to send."""
        form = await read_form(request)
        message = await self._message(request.match_info["account"], form)
        if message.way:
            self.rich.take(message, form)
        shown = words.message(message)
        if not message.way:
            self.carrier.accept(message)
        faults = self.carrier.faults_of(PROVIDER)
        if faults.latency_ms:
            await asyncio.sleep(faults.latency_ms / 1000)
        if happens(faults.drop_after_accept):
            cut_off(request)
        return answer(shown, 201)

    async def _message(self, account: str, form: dict[str, list[str]]) -> Message:
        to, body, media = first(form, "To"), first(form, "Body"), form.get("MediaUrl", [])
        prefixed, to = to != words.bare(to), words.bare(to)
        check_content(to, body or first(form, "ContentSid"), media)
        line, sender = await self._sender(account, form)
        service = first(form, "MessagingServiceSid")
        rcs = sender.startswith(words.RCS)
        if prefixed and not rcs:
            raise Refused(63007, sender)
        if (service or sender, to) in self.world.blocks:
            raise Refused(21610)
        return Message(
            sid=new_sid("MM" if media else "SM"),
            provider=PROVIDER,
            account=account,
            direction="outbound",
            sender=sender,
            to=to,
            body=body,
            phone=self.world.phone(to),
            line=sender,
            status="accepted" if service else "queued",
            service=service,
            media=tuple((url, "") for url in media),
            callback=first(form, "StatusCallback"),
            token=line.token if line else "",
            validity_s=check_validity(first(form, "ValidityPeriod")),
            way=WAY if rcs else "",
        )

    async def _sender(self, account: str, form: dict[str, list[str]]) -> tuple[Line | None, str]:
        """The line and the number a message leaves from. An account without channels has any."""
        name = first(form, "MessagingServiceSid") or first(form, "From")
        if not name:
            raise Refused(21603)
        line = self._line(account, name)
        if line is None:
            # Perhaps a channel that was added a moment ago: its token signs the status reports.
            await self.lines.refresh()
            line = self._line(account, name)
        if line:
            return line, line.address
        service = first(form, "MessagingServiceSid")
        if account in self.lines.tokens:
            raise Refused(21701 if service else 21606, name)
        if not service and not words.PHONE.fullmatch(name) and not name.startswith(words.RCS):
            raise Refused(21212, name)
        return None, name

    def _line(self, account: str, name: str) -> Line | None:
        line = self.lines.by_address.get((PROVIDER, name))
        return line if line and line.account == account else None

    async def list(self, request: web.Request) -> web.StreamResponse:
        """Messages of the account, newest first, a page at a time."""
        account, query = request.match_info["account"], request.query
        size = whole(query.get("PageSize"), PAGE_SIZE, 1, MAX_PAGE_SIZE)
        page = whole(query.get("Page"), 0, 0, 1_000_000)
        matching = self._matching(account, dict(query))
        rows = list(islice(matching, page * size, (page + 1) * size + 1))
        path = f"/{words.VERSION}/Accounts/{account}/Messages.json"
        return answer(
            {
                "messages": [words.message(row) for row in rows[:size]],
                "page": page,
                "page_size": size,
                "start": page * size,
                "end": page * size + len(rows[:size]) - 1,
                "uri": page_uri(path, dict(query), page),
                "first_page_uri": page_uri(path, dict(query), 0),
                "previous_page_uri": page_uri(path, dict(query), page - 1) if page else None,
                "next_page_uri": page_uri(path, dict(query), page + 1)
                if len(rows) > size
                else None,
            }
        )

    def _matching(self, account: str, query: dict[str, str]) -> Iterable[Message]:
        to, sender = query.get("To", ""), query.get("From", "")
        numbers = [words.bare(one) for one in (to, sender)]
        known = next((self.world.phones[n] for n in numbers if n in self.world.phones), None)
        source = known.thread if known else self.world.messages
        for found in reversed(source):
            if found.account != account or found.direction == "answer":
                continue
            if to and words.on_channel(found, found.to) != to:
                continue
            if sender and found.sender != sender:
                continue
            if in_time(found, query):
                yield found

    async def show(self, request: web.Request) -> web.StreamResponse:
        """One message."""
        return answer(words.message(self._found(request)))

    async def change(self, request: web.Request) -> web.StreamResponse:
        """Redact a message (``Body=``), or try to cancel one (always too late here)."""
        found, form = self._found(request), await read_form(request)
        if first(form, "Status"):
            raise Refused(30409)
        if "Body" in form and not first(form, "Body"):
            found.body = ""
        return answer(words.message(found))

    async def file(self, request: web.Request) -> web.StreamResponse:
        """A file of a message: the way to the CDN."""
        about = request.match_info
        kept = self.carrier.media.find(about["account"], about["sid"], about["media"])
        if kept is None:
            raise Refused(20404, request.path.removeprefix(f"/{PROVIDER}"))
        headers = {"Location": cdn_url(request, about["media"])}
        return web.Response(status=307, headers=headers)

    def _found(self, request: web.Request) -> Message:
        found = self.world.by_sid.get(request.match_info["sid"])
        if found is None or found.account != request.match_info["account"]:
            raise Refused(20404, request.path.removeprefix(f"/{PROVIDER}"))
        return found

    # --- Accounts and numbers ---------------------------------------------------------------------

    async def account(self, request: web.Request) -> web.StreamResponse:
        """The account itself."""
        return answer(words.account(request.match_info["account"]))

    async def numbers(self, request: web.Request) -> web.StreamResponse:
        """Numbers of the account: those of its channels, and any possible one asked for."""
        account = request.match_info["account"]
        lines = [
            line
            for line in self.lines.all
            if line.account == account and not line.service and line.agent is None
        ]
        wanted = request.query.get("PhoneNumber", "")
        known = {line.address: line for line in lines}
        if wanted:
            owned = words.PHONE.fullmatch(wanted) and wanted not in words.MAGIC
            known = {wanted: known[wanted]} if wanted in known else {}
            rows = [words.incoming_number(account, wanted, known.get(wanted))] if owned else []
        else:
            rows = [words.incoming_number(account, number, known[number]) for number in known]
        return answer({"incoming_phone_numbers": rows, "page": 0, "next_page_uri": None})

    async def nowhere(self, request: web.Request) -> web.StreamResponse:
        """Anything else."""
        return refusal(Refused(20404, request.path.removeprefix(f"/{PROVIDER}")))


def check_content(to: str, body: str, media: list[str]) -> None:
    """Refuse what Twilio refuses by looking at it."""
    if not to:
        raise Refused(21604)
    if not words.PHONE.fullmatch(to):
        raise Refused(21211, to)
    if to in words.MAGIC:
        raise Refused(words.MAGIC[to], to)
    if not body.strip() and not media:
        raise Refused(21602)
    if len(body) > MAX_BODY:
        raise Refused(21617)
    if len(media) > MAX_MEDIA:
        raise Refused(21623)


def check_validity(value: str) -> int | None:
    """Seconds; refused when there are none, and cut where there are too many."""
    if not value:
        return None
    if not value.isdecimal() or int(value) < 1:
        raise Refused(30012, value)
    return min(int(value), LONGEST_VALIDITY_S)


def in_time(found: Message, query: dict[str, str]) -> bool:
    """Whether the message fits the DateSent filters: a day or a time, ``DateSent>`` from it on."""
    at = found.sent_at or found.at
    since, until = query.get("DateSent>"), query.get("DateSent<")
    if since and at < seconds(since):
        return False
    if until and at >= seconds(until):
        return False
    day = query.get("DateSent")
    return not day or seconds(day) <= at < seconds(day) + 86_400


def seconds(value: str) -> float:
    """A date filter in Unix seconds: ISO 8601 or RFC 2822; 0 for anything else."""
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment: Any = parse(value)
        except ValueError:
            continue
        return float((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    return 0.0


def page_uri(path: str, query: dict[str, str], page: int) -> str:
    """The path of a page, without the host as Twilio gives it."""
    return f"{path}?{urlencode({**query, 'Page': str(page)})}"
