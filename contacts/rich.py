"""Rich content with variables: in every text, label, payload and web address.

Content is read with its variables in place (``read_draft``), kept as JSON, compiled once and filled
in for each contact. What is said where a variable stands is known only then, so limits are looked
at twice: here with the shortest that a text may become, and again with each contact's values.

In a web address values are percent-encoded, so that a name with an ampersand stays one value; only
what the address begins with is taken as it is, for attributes that hold a whole link.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import Workspace
from contacts.fields import clean_text
from contacts.models import Contact
from contacts.rendering import Compiler, MissingValue, Template, Variable
from gateway.content.bounds import URL
from gateway.content.model import Content, TemplateUse
from gateway.content.reading import Reader

# What an address may be while nobody's values are known.
SOME_ADDRESS = "https://example.com/"
LONGEST = 100_000


class ValueTooLong(Exception):
    """With this contact's values a text is longer than content may be."""


class ValueUnfit(Exception):
    """This contact's values do not fit where they stand, such as in a web address."""


def read_draft(workspace: Workspace, value: Any) -> Content:
    """Content with its variables in place; ValidationError by path, as gateway.content.reading."""
    reader = _Drafting(Compiler(workspace))
    content = reader.content(reader.mapping(value, ""))
    if not reader.errors and content.is_empty:
        reader.wrong("text", _("There is nothing to send."))
    if reader.errors:
        raise ValidationError(dict(reader.errors))
    return content


def written(value: Mapping[str, Any]) -> Content:
    """Stored content with its variables in place, as it is: whatever became of attributes since."""
    return Reader(own=True).content(value)


def compile_content(workspace: Workspace, value: Mapping[str, Any]) -> "RichTemplate":
    """Stored content, to be rendered many times; ValidationError when a variable is gone."""
    return RichTemplate(_compiled(value, Compiler(workspace)))


@dataclass(frozen=True, slots=True)
class RichTemplate:
    """Content as JSON, with a Template wherever a string has variables."""

    tree: Any

    @property
    def same_for_all(self) -> bool:
        """Whether there is no variable in it."""
        return not _any_template(self.tree)

    def render(self, contact: Contact) -> Content:
        """For a contact; MissingValue, ValueTooLong or ValueUnfit when it cannot be said to them.

        Files of our own still are ids.
        """
        reader = _Filled(own=True)
        content = reader.content(_filled(self.tree, lambda template: template.render(contact)))
        if reader.long:
            raise ValueTooLong
        if reader.missing or (content.is_empty and not reader.errors):
            raise MissingValue(reader.missing or "text")
        if reader.errors:
            raise ValueUnfit("; ".join(reader.errors))
        return content

    def sample(self) -> Content:
        """With the shortest that each text may become."""
        return Reader(own=True).content(_filled(self.tree, _sample))


class _Drafting(Reader):
    """Reads content whose texts have variables, and gives them back as they were written."""

    def __init__(self, compiler: Compiler) -> None:
        super().__init__()
        self.compiler = compiler

    def text(
        self, found: Mapping[str, Any], path: str, limit: int, *, required: bool = False
    ) -> str:
        """A string whose shortest form keeps to the limit."""
        name = path.rpartition(".")[2]
        value = found.get(name, "")
        if not isinstance(value, str):
            return super().text(found, path, limit)
        try:
            value = clean_text(value, LONGEST)
            shortest = _sample(_template(self.compiler, name, value))
        except ValidationError as error:
            self.wrong(path, error.messages[0])
            return value
        super().text({name: shortest}, path, limit, required=required)
        return value

    def url(self, found: Mapping[str, Any], path: str) -> str:
        """A web address, once its variables are filled in."""
        value = self.text(found, path, URL, required=True)
        if path not in self.errors:
            name = path.rpartition(".")[2]
            super().url({name: _sample(_template(self.compiler, name, value))}, path)
        return value


class _Filled(Reader):
    """Reads content with a contact's values, and notes what is wrong with them."""

    long = False
    missing = ""

    def template(self, value: Any, path: str) -> TemplateUse:
        """As Reader; a provider takes no empty value."""
        use = super().template(value, path)
        for where in ("body", "header_values", "buttons"):
            empty = [name for name, said in getattr(use, where) if not said]
            if empty:
                self.missing = self.missing or f"{path}.{where}.{empty[0]}"
        return use

    def text(
        self, found: Mapping[str, Any], path: str, limit: int, *, required: bool = False
    ) -> str:
        """As Reader, with its two errors told apart."""
        value = super().text(found, path, limit, required=required)
        self.long = self.long or len(value) > limit
        if required and not value:
            self.missing = self.missing or path
        return value


@dataclass(frozen=True, slots=True)
class _Address(Template):
    """A web address with variables."""


def _template(compiler: Compiler, name: str, text: str) -> Template:
    template = compiler.compile(text)
    if name != "url":
        return template
    first, rest = template.parts[:1], template.parts[1:]
    encoded = (one if isinstance(one, str) else _encoded(one) for one in rest)
    return _Address((*first, *encoded))


def _encoded(variable: Variable) -> Variable:
    value, fallback = variable.value, variable.fallback

    def encode(contact: Contact) -> str:
        return quote(value(contact), safe="")

    return replace(
        variable, value=encode, fallback=None if fallback is None else quote(fallback, safe="")
    )


def _sample(template: Template) -> str:
    begins = template.parts[0] if template.parts else ""
    if isinstance(template, _Address) and isinstance(begins, Variable):
        return begins.fallback or SOME_ADDRESS
    return template.sample()


def _compiled(node: Any, compiler: Compiler, name: str = "") -> Any:
    if isinstance(node, str):
        return _template(compiler, name, node) if "{{" in node else node
    if isinstance(node, Mapping):
        return {key: _compiled(value, compiler, key) for key, value in node.items()}
    if isinstance(node, list):
        return [_compiled(one, compiler, name) for one in node]
    return node


def _filled(node: Any, say: Callable[[Template], str]) -> Any:
    if isinstance(node, Template):
        return say(node)
    if isinstance(node, dict):
        return {key: _filled(value, say) for key, value in node.items()}
    if isinstance(node, list):
        return [_filled(one, say) for one in node]
    return node


def _any_template(node: Any) -> bool:
    if isinstance(node, Mapping):
        return any(map(_any_template, node.values()))
    return any(map(_any_template, node)) if isinstance(node, list) else isinstance(node, Template)
