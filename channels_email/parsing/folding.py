"""What is new in a mail, apart from what it quotes and the signature below it."""

import re
from dataclasses import dataclass

import quotequail

from channels_email.parsing.closings import is_closing, is_sent_from

MAX_LINES = 2_000  # looked at; what follows is folded with the rest
MAX_LINE = 500  # characters of a line that are looked at
MAX_SIGNATURE = 12  # lines
MAX_AFTER_CLOSING = 8  # lines: a name, a title, a telephone number

# The line before what is quoted, in languages that quotequail does not know.
INTRODUCTIONS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"^(?:il|in data) .{4,} ha scritto\s?:$",  # Italian
        r"^(?:w dniu|dnia) .{4,} (?:napisał|napisała|napisał\(a\)|pisze)\s?:$",  # Polish
        r"^.{4,} (?:napisał|napisała|napisał\(a\))\s?:$",
        r"^(?:dne|on) .{4,} napsal(?:\(a\)|a)?\s?:$",  # Czech
        r"^den .{4,} skrev\b.{0,200}:$",  # Danish, Norwegian, Swedish
        r"^.{4,} (?:kirjoitti)\s?:$",  # Finnish
        r"^(?:em|a) .{4,} (?:escreveu|va escriure)\s?:$",  # Portuguese, Catalan
        r"^el .{4,} (?:escribió|va escriure)\s?:$",  # Spanish, Catalan
        r"^le .{4,} a écrit\s?:$",  # French
        r"^.{4,} tarihinde .{2,} (?:şunu yazdı|yazdı)\s?:$",  # Turkish
        r"^.{4,} (?:пише|написав|написала|пишет|написал)\s?:$",  # Ukrainian, Russian
        r"^.{4,} (?:a scris|ezt írta|έγραψε)\s?:$",  # Romanian, Hungarian, Greek
        r"^\d{4}年\d{1,2}月\d{1,2}日.{2,}[:：]$",  # Japanese, Chinese
        r"^.{4,}(?:写道|寫道|のメッセージ|님이 작성)\s?[:：]$",  # Chinese, Japanese, Korean
    )
)
# The head that Outlook puts before what it quotes: a word for From, then more of such lines.
FROM_WORDS = "from|von|de|da|van|od|från|fra|от|від|kimden|发件人|寄件者|差出人|보낸 사람"
OTHER_WORDS = (
    "sent|date|to|cc|subject|gesendet|datum|an|betreff|enviado|enviado el|fecha|para|asunto"
    "|envoyé|date|à|objet|inviato|data|a|oggetto|verzonden|aan|onderwerp|wysłano|do|temat"
    "|odesláno|komu|předmět|skickat|till|ämne|sendt|til|emne|отправлено|дата|кому|тема"
    "|надіслано|enviada em|assunto|tarih|kime|konu|发送时间|收件人|主题|寄件日期|收件者|主旨"
    "|送信日時|宛先|件名|보낸 날짜|받는 사람|제목"
)
HEAD_FROM = re.compile(rf"^\*?(?:{FROM_WORDS})\s?[:：]\*?\s?\S", re.IGNORECASE)
HEAD_OTHER = re.compile(rf"^\*?(?:{OTHER_WORDS})\s?[:：]\*?", re.IGNORECASE)
FORWARDED = re.compile(
    r"^\s*(?:fwd?|wg|rv|tr|i|enc|doorst|vs|vb|pd|fs|转发|轉寄)\s*[:：]", re.IGNORECASE
)
DELIMITER = re.compile(r"^--\s?$")


@dataclass(frozen=True, slots=True)
class Folded:
    """``new`` is shown, ``folded`` can be asked for: quotes and signature, in their order."""

    new: str
    folded: str


def fold(text: str, subject: str = "") -> Folded:
    """A mail's text, divided. A forwarded mail is what is new, and so is one that only quotes."""
    text = text.strip("\n")
    lines = text.split("\n")
    shown, rest = lines[:MAX_LINES], lines[MAX_LINES:]
    hidden: list[str] = []
    if not FORWARDED.match(subject):
        shown, hidden = _without_quotes(shown)
    shown, signature = _without_signature(shown)
    new = "\n".join(shown).strip()
    if not new:
        return Folded("\n".join(lines[:MAX_LINES]).strip(), "\n".join(rest).strip("\n"))
    below = ["\n".join(part).strip("\n") for part in (signature, hidden, rest)]
    return Folded(new, "\n\n".join(part for part in below if part))


def _without_quotes(lines: list[str]) -> tuple[list[str], list[str]]:
    """The lines without those quoted, and those."""
    at = _introduction([line[:MAX_LINE] for line in lines])
    if at is None:
        return _without_last_quote(lines)
    quoted = [place for place in range(at, len(lines)) if lines[place].startswith(">")]
    if not quoted or any(line.strip() for line in lines[_next_line(lines, at) : quoted[0]]):
        return lines[:at], lines[at:]  # quoted as Outlook does it: to the end, without marks
    own = [place for place in range(quoted[0], len(lines)) if _is_own(lines[place])]
    if not own:
        return lines[:at], lines[at:]
    if quoted[-1] > own[0]:
        # Answers between the lines: what they answer has to be seen with them.
        last = max(quoted[-1] + 1, own[-1] + 1)
        return lines[:last], lines[last:]
    return [*lines[:at], *lines[own[0] :]], lines[at : own[0]]


def _next_line(lines: list[str], at: int) -> int:
    """Where the introduction, which may be wrapped onto three lines, ends."""
    for place in range(at, min(at + 3, len(lines))):
        if lines[place].rstrip().endswith((":", "：")):
            return place + 1
    return at + 1


def _is_own(line: str) -> bool:
    return bool(line.strip()) and not line.startswith(">")


def _introduction(lines: list[str]) -> int | None:
    """The first line of what introduces a quote; None where nothing does."""
    known = quotequail.quote("\n".join(lines), limit=MAX_LINES + 1, quote_intro_line=True)
    first = known[0][1].count("\n") + 1 if len(known) == 2 else len(lines)
    if len(known) == 2 and not known[0][1]:
        first = 0
    for at in range(min(first, len(lines))):
        if _introduces(lines, at):
            return at
    return first if first < len(lines) else None


def _introduces(lines: list[str], at: int) -> bool:
    line = lines[at].lstrip("> ").strip()
    if not line:
        return False
    if HEAD_FROM.match(line):
        following = [other.lstrip("> ").strip() for other in lines[at + 1 : at + 6]]
        return sum(bool(HEAD_OTHER.match(other)) for other in following) >= 2
    wrapped = line
    for more in range(3):
        if wrapped.endswith((":", "：")) and any(one.match(wrapped) for one in INTRODUCTIONS):
            return True
        if at + more + 1 >= len(lines) or not lines[at + more + 1].strip():
            return False
        wrapped += " " + lines[at + more + 1].strip()
    return False


def _without_last_quote(lines: list[str]) -> tuple[list[str], list[str]]:
    """A block of quoted lines at the end, that nothing introduces."""
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    begin = end
    while begin and (lines[begin - 1].startswith(">") or not lines[begin - 1].strip()):
        begin -= 1
    if any(line.startswith(">") for line in lines[:begin]):
        return lines, []  # answers between the lines
    return lines[:begin], lines[begin:]


def _without_signature(lines: list[str]) -> tuple[list[str], list[str]]:
    """The lines above a signature, and it: below two hyphens, a closing, or a mailer's own line."""
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    for at in range(len(lines) - 1, max(len(lines) - 40, -1), -1):
        if DELIMITER.match(lines[at]):
            return lines[:at], lines[at:]
    first = len(lines)
    for at in range(len(lines) - 1, max(len(lines) - MAX_SIGNATURE, 0), -1):
        after = [line for line in lines[at + 1 :] if line.strip()]
        ends = is_sent_from(lines[at]) and len(after) <= 1
        if ends or (is_closing(lines[at]) and _are_name(after)):
            first = at
    return lines[:first], lines[first:]


def _are_name(lines: list[str]) -> bool:
    """Whether the lines below a closing are somebody's name and where they are found."""
    return len(lines) <= MAX_AFTER_CLOSING and all(
        len(line) <= 80 and not line.rstrip().endswith(("?", "!", "？")) for line in lines
    )
