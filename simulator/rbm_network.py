"""What happens to RCS messages: shown, waiting for a phone, withdrawn, or both at a time."""

import asyncio
import random
import time

from simulator import rbm_words as words
from simulator.carrier import Carrier, Said
from simulator.faults import happens
from simulator.happenings import Reporter
from simulator.lines import Line
from simulator.world import Message, Phone, new_sid

ARRIVES_AFTER_S = 0.05
# Around a withdrawal's answer, the report of a delivery that crossed with it comes within this.
CROSSES_WITHIN_S = 1.5
LONGEST_S = 30 * 86_400.0
SEEN_AT_ONCE = 200


class TooLate(Exception):
    """The message has been delivered."""


class RbmNetwork(Reporter):
    """Google's side of RCS. A message's status is sent, delivered, read, revoked or expired.

    Only one that is ``sent`` can still be shown or withdrawn, so whatever crosses, a message is
    shown on its phone once or not at all, and ``displayed_at`` says so.
    """

    events = ("IS_TYPING", "READ", "SUBSCRIBE", "UNSUBSCRIBE")

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier
        self.world = carrier.world

    # --- From the business to the customer -----------------------------------------------------

    def accept(self, message: Message, lasts_s: float | None) -> None:
        """Take a message; with ``lasts_s`` it is withdrawn unless it is shown within that time."""
        self.world.add(message)
        loop = asyncio.get_running_loop()
        loop.call_later(ARRIVES_AFTER_S, self.arrive, message)
        if lasts_s is not None:
            lasts_s = min(max(lasts_s, 0.0), LONGEST_S)
            message.lapse = loop.call_later(lasts_s, self._expire, message)

    def arrive(self, message: Message) -> None:
        """Show it, or keep it for when the phone has RCS and is online."""
        phone = message.phone
        if message.status != "sent":
            return
        if phone.online and phone.rcs:
            self._show(message)
            return
        phone.held.append(message)
        self.world.publish(phone, {"type": "phone"})

    def _show(self, message: Message, *, reported_after_s: float = 0) -> None:
        self._move(message, "delivered")
        message.displayed_at = message.updated
        message.phone.unread += 1
        self.world.show(message)
        self._report(message, "DELIVERED", after_s=reported_after_s)

    def revoke(self, message: Message) -> None:
        """Withdraw a message that has not been shown; TooLate for one that has."""
        if message.displayed_at:
            raise TooLate
        if message.status != "sent":
            return
        if happens(self.carrier.faults_of(message.provider).revoke_race):
            self._cross(message)
        else:
            self._withdraw(message, "revoked")

    def _expire(self, message: Message) -> None:
        message.lapse = None
        if message.status != "sent":
            return
        faults = self.carrier.faults_of(message.provider)
        if happens(faults.revoke_race):
            self._cross(message)
            self._server_reports(message, "TTL_EXPIRATION_REVOKE_FAILED")
        elif happens(faults.revoke_failed):
            self._server_reports(message, "TTL_EXPIRATION_REVOKE_FAILED")
        else:
            self._withdraw(message, "expired")
            self._server_reports(message, "TTL_EXPIRATION_REVOKED")

    def _cross(self, message: Message) -> None:
        """The phone got it a moment ago, and says so around the answer to the withdrawal."""
        self._let_go(message)
        self._show(message, reported_after_s=random.uniform(0.001, CROSSES_WITHIN_S))

    def _withdraw(self, message: Message, status: str) -> None:
        self._let_go(message)
        self._move(message, status)
        message.withdrawn_at = message.updated
        self.world.publish(message.phone, {"type": "phone"})

    def _let_go(self, message: Message) -> None:
        if message in message.phone.held:
            message.phone.held.remove(message)

    def _move(self, message: Message, status: str) -> None:
        message.status, message.updated = status, time.time()
        if message.lapse is not None:
            message.lapse.cancel()
            message.lapse = None

    # --- Reports --------------------------------------------------------------------------------

    def seen(self, phone: Phone) -> None:
        """The newest messages the customer had not read yet are read now."""
        for _, message in zip(range(SEEN_AT_ONCE), reversed(phone.thread), strict=False):
            if message.status == "delivered" and self._is_ours(message):
                message.status = "read"
                self._report(message, "READ")

    def _is_ours(self, message: Message) -> bool:
        network = self.carrier.networks.get(message.network)
        return network is self and message.direction == "outbound"

    def _report(self, message: Message, kind: str, *, after_s: float = 0) -> None:
        payload = words.user_event(message.account, message.to, kind, message.sid)
        self._send(message, payload, may_be_overtaken=kind == "DELIVERED", after_s=after_s)

    def _server_reports(self, message: Message, kind: str) -> None:
        payload = words.server_event(message.account, message.to, kind, message.sid)
        self._send(message, payload, may_be_overtaken=False, after_s=0)

    def _send(
        self, message: Message, payload: dict[str, str], *, may_be_overtaken: bool, after_s: float
    ) -> None:
        if message.callback:
            letter = words.letter(payload, message.token)
            self.carrier.report(message, letter, may_be_overtaken=may_be_overtaken, after_s=after_s)

    # --- From the customer to the business -----------------------------------------------------

    async def write(self, line: Line, phone: Phone, said: Said) -> tuple[Message, int | None]:
        """As carrier.Network says."""
        message = self.world.by_sid.get(said.sid) if said.sid else None
        if message is None:
            message = self.carrier.written(line, phone, said, new_sid("Mx"))
        payload = words.said(message)
        letter = words.letter(payload, line.token)
        return message, await self.carrier.bring(line, message, letter)

    async def tell(self, line: Line, phone: Phone, kind: str, about: str = "") -> int | None:
        """The phone reports something (IS_TYPING, UNSUBSCRIBE …): the webhook's HTTP status."""
        letter = words.letter(words.user_event(line.address, phone.number, kind, about), line.token)
        faults = self.carrier.faults_of(line.provider)
        return await self.carrier.postman.post_once(line.webhook_url, letter, faults)
