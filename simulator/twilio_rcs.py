"""What happens to RCS messages of Twilio's: shown, waiting, over, or sent as SMS instead."""

import asyncio

from simulator.carrier import Carrier, Said
from simulator.channel_lines import pool_number
from simulator.lines import Line
from simulator.postman import twilio_letter
from simulator.rbm_network import ARRIVES_AFTER_S, LONGEST_S, RbmNetwork
from simulator.twilio_words import status_fields
from simulator.world import Message, Phone

WAY = "twilio_rcs"
NOT_CAPABLE, VALIDITY_OVER = 63036, 30036
WORDS = {"DELIVERED": "delivered", "READ": "read"}


class TwilioRcsNetwork(RbmNetwork):
    """As Google's network, reported in Twilio's words.

    Whether a phone has RCS is found out when the message leaves. The end of its ValidityPeriod is
    reported as 30036; with ``revoke_failed`` there is no report, and the message may still arrive.
    """

    def __init__(self, carrier: Carrier) -> None:
        super().__init__(carrier)
        self.for_sms: dict[str, str] = {}

    def take(self, message: Message, lasts_s: float | None, *, for_sms: str | None) -> None:
        """Take a message; ``for_sms`` are the words that are sent to a phone without RCS."""
        message.way = WAY
        self.world.add(message)
        if for_sms is not None:
            self.for_sms[message.sid] = for_sms
        loop = asyncio.get_running_loop()
        loop.call_later(ARRIVES_AFTER_S, self._leave, message)
        if lasts_s is not None:
            message.lapse = loop.call_later(min(lasts_s, LONGEST_S), self._expire, message)

    def _leave(self, message: Message) -> None:
        words = self.for_sms.pop(message.sid, None)
        if message.phone.rcs:
            self._move_on(message, "sent")
            message.sent_at = message.updated
            asyncio.get_running_loop().call_later(ARRIVES_AFTER_S, self.arrive, message)
        elif words is None:
            message.error_code = NOT_CAPABLE
            self._move(message, "failed")
            self._tell(message, "failed")
        else:
            self._move(message, message.status)
            message.way, message.content, message.body = "", None, words
            message.sender = message.line = pool_number(message.service)
            self.carrier.leave(message)

    def _move_on(self, message: Message, status: str) -> None:
        """As ``_move``, while its time still runs."""
        lapse, message.lapse = message.lapse, None
        self._move(message, status)
        message.lapse = lapse
        self._tell(message, status)

    def _report(self, message: Message, kind: str, *, after_s: float = 0) -> None:
        self._tell(message, WORDS[kind], after_s=after_s)

    def _server_reports(self, message: Message, kind: str) -> None:
        if kind == "TTL_EXPIRATION_REVOKED":
            message.error_code = VALIDITY_OVER
            self._tell(message, "undelivered")

    def _tell(self, message: Message, status: str, *, after_s: float = 0) -> None:
        if message.callback:
            letter = twilio_letter(message.callback, status_fields(message, status), message.token)
            may = status == "sent"
            self.carrier.report(message, letter, may_be_overtaken=may, after_s=after_s)

    async def write(self, line: Line, phone: Phone, said: Said) -> tuple[Message, int | None]:
        """As carrier.Network says; Twilio's webhooks are the same for all its channels."""
        return await self.carrier.write(line, phone, said)
