"""Catalogues of translations: texts taken from code and templates, merged, compiled, checked.

Babel does what the gettext programs do, so nothing has to be installed on the system.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages import Catalog
from babel.messages.catalog import Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
SKIPPED_FOLDERS = {"migrations", "tests", "benches", "var", "static", "locale", "node_modules"}
TEMPLATE_SUFFIXES = {".html", ".txt"}
PLACEHOLDER = re.compile(r"%\((\w+)\)[#0\- +]*[\d.]*[a-zA-Z]|%%|%[sd]|\{(\w*)\}")
# Header lines that would make every run a change, or say nothing.
NOISE = re.compile(r'"(POT-|PO-Rev|Last-Tr|Language-Team|Report-|Generated-By)')


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why a catalogue is not complete."""

    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text!r}"


def catalogue_path(root: Path, language: str) -> Path:
    """Where the translations of a language are kept."""
    return root / "locale" / language / "LC_MESSAGES" / "django.po"


def sources(root: Path) -> Iterator[Path]:
    """Python files and templates whose texts people see, in a fixed order."""
    for path in sorted(root.rglob("*")):
        folders = path.relative_to(root).parts[:-1]
        hidden = any(part.startswith(".") for part in folders)
        if hidden or SKIPPED_FOLDERS.intersection(folders):
            continue
        if path.suffix == ".py" or (path.suffix in TEMPLATE_SUFFIXES and "templates" in folders):
            yield path


def extract_catalogue(root: Path, language: str) -> Catalog:
    """A catalogue of every text in the sources, without translations."""
    found = _empty(language)
    for path in sources(root):
        name = path.relative_to(root).as_posix()
        for line, msgid, comments, context in _texts(path):
            found.add(msgid, locations=[(name, line)], auto_comments=comments, context=context)
    return found


def _empty(language: str) -> Catalog:
    return Catalog(
        locale=language, project="Omnichannel", version="1", header_comment="", fuzzy=False
    )


def _texts(path: Path) -> Iterator[tuple[int, str | tuple[str, ...], list[str], str | None]]:
    source = path.read_text("utf-8")
    if path.suffix != ".py":
        # What Django makes of a template has no meaningful indentation; Python's tokenizer minds.
        code = templatize(source, origin=str(path))
        source = "\n".join(line.lstrip() for line in code.split("\n"))
    stream = io.BytesIO(source.encode())
    yield from extract(
        "python", stream, KEYWORDS, ["Translators:"], {"encoding": "utf-8"}, strip_comment_tags=True
    )


def load(path: Path, language: str) -> Catalog:
    """The catalogue as it is on disk, empty when there is none."""
    if not path.exists():
        return _empty(language)
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def update(root: Path, language: str) -> Catalog:
    """Merge the sources' texts into the catalogue; nothing is guessed, what is gone is dropped."""
    path = catalogue_path(root, language)
    known = load(path, language)
    merged = extract_catalogue(root, language)
    for message in merged:
        old = known.get(message.id, message.context) if message.id else None
        if old is not None and _same_shape(old, message):
            message.string = old.string
            message.flags |= old.flags & {"fuzzy"}
            message.user_comments = old.user_comments
    path.parent.mkdir(parents=True, exist_ok=True)
    content = _po_bytes(merged)
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)
    return merged


def _same_shape(old: Message, new: Message) -> bool:
    return isinstance(old.id, str) == isinstance(new.id, str)


def _po_bytes(catalogue: Catalog) -> bytes:
    buffer = io.BytesIO()
    write_po(
        buffer,
        catalogue,
        width=100,
        omit_header=False,
        sort_output=True,
        include_lineno=False,
        ignore_obsolete=True,
    )
    lines = buffer.getvalue().decode().split("\n")
    return "\n".join(line for line in lines if not NOISE.match(line)).lstrip().encode()


def compile_catalogue(root: Path, language: str) -> Path:
    """Write the binary catalogue that Django reads; fuzzy and empty entries stay English."""
    path = catalogue_path(root, language)
    target = path.with_suffix(".mo")
    buffer = io.BytesIO()
    write_mo(buffer, load(path, language))
    if not target.exists() or target.read_bytes() != buffer.getvalue():
        draft = target.with_suffix(".mo.new")
        draft.write_bytes(buffer.getvalue())
        draft.replace(target)
    return target


def check(root: Path, language: str) -> list[Problem]:
    """Everything that keeps the catalogue from being complete, in the order of the texts."""
    known = load(catalogue_path(root, language), language)
    wanted = {_key(message): message for message in extract_catalogue(root, language) if message.id}
    have = {_key(message): message for message in known if message.id}
    problems = [Problem("missing", _label(wanted[key])) for key in wanted.keys() - have.keys()]
    obsolete = [have[key] for key in have.keys() - wanted.keys()] + list(known.obsolete.values())
    problems += [Problem("obsolete", _label(message)) for message in obsolete]
    for key in wanted.keys() & have.keys():
        problems += _problems_of(wanted[key], have[key], known.num_plurals)
    return sorted(problems, key=str)


def _key(message: Message) -> tuple[str | None, tuple[str, ...]]:
    return message.context, _forms(message.id)


def _forms(value: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _label(message: Message) -> str:
    context = f"{message.context} | " if message.context else ""
    return context + _forms(message.id)[0]


def _problems_of(wanted: Message, have: Message, plurals: int) -> Iterator[Problem]:
    label = _label(wanted)
    translations = _forms(have.string or "")
    if have.fuzzy:
        yield Problem("fuzzy", label)
    if len(translations) != (plurals if wanted.pluralizable else 1):
        yield Problem("plural forms", label)
    elif not all(translations):
        yield Problem("empty", label)
    elif not _placeholders_agree(_forms(wanted.id), translations):
        yield Problem("placeholders", label)


def _placeholders_agree(originals: tuple[str, ...], translations: tuple[str, ...]) -> bool:
    """The first form may leave out the count, as the English singular may ("one message")."""
    singular, plural = _placeholders(originals[0]), _placeholders(originals[-1])
    first, *others = (_placeholders(text) for text in translations)
    if len(originals) == 1:
        return first == plural
    return first in (singular, plural) and all(found == plural for found in others)


def _placeholders(text: str) -> list[str]:
    return sorted(match.group(0) for match in PLACEHOLDER.finditer(text) if match.group(0) != "%%")
