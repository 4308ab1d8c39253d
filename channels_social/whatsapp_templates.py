"""WhatsApp's templates: read from the Graph API, and written for it.

Source: providers.md section 5 (Templates API), and Meta's reference of ``message_templates``.
"""

import re
from collections.abc import Mapping
from typing import Any

from channels_social.meta_account import objects, words
from channels_social.whatsapp_webhooks import TEMPLATES
from gateway.content.templates import (
    ButtonKind,
    ProviderTemplate,
    TemplateButton,
    TemplateDraft,
    TemplateHeader,
    TemplateStatus,
)
from gateway.errors import Rejected

Json = dict[str, Any]

FIELDS = "id,name,language,category,status,components,rejected_reason"
PARAMETER = re.compile(r"\{\{(\w+)\}\}")
# A one-time password's button is filled in as the end of an address is.
BUTTONS: dict[str, ButtonKind] = {
    "QUICK_REPLY": ButtonKind.REPLY,
    "URL": ButtonKind.URL,
    "PHONE_NUMBER": ButtonKind.PHONE,
    "COPY_CODE": ButtonKind.CODE,
    "OTP": ButtonKind.URL,
}
WRITTEN: dict[ButtonKind, tuple[str, str]] = {
    ButtonKind.REPLY: ("QUICK_REPLY", ""),
    ButtonKind.URL: ("URL", "url"),
    ButtonKind.PHONE: ("PHONE_NUMBER", "phone_number"),
    ButtonKind.CODE: ("COPY_CODE", "example"),
}


# --- Reading --------------------------------------------------------------------------------------


def read(found: Json) -> ProviderTemplate:
    """A template of Meta's list; a status that is new to us cannot be sent."""
    parts = {words(one, "type", 64).upper(): one for one in objects(found.get("components"))}
    reason = words(found, "rejected_reason", 500)
    buttons = objects(parts.get("BUTTONS", {}).get("buttons"))
    return ProviderTemplate(
        external_id=words(found, "id"),
        name=words(found, "name", 512),
        language=words(found, "language", 64),
        category=words(found, "category", 64).lower(),
        status=TEMPLATES.get(words(found, "status", 64).upper(), TemplateStatus.DISABLED),
        body=words(parts.get("BODY", {}), "text", 5_000),
        header=_header(parts["HEADER"]) if "HEADER" in parts else None,
        footer=words(parts.get("FOOTER", {}), "text"),
        buttons=tuple(map(_button, buttons)),
        reason="" if reason == "NONE" else reason,
    )


def _header(found: Json) -> TemplateHeader:
    return TemplateHeader(words(found, "format", 64).lower(), words(found, "text", 500))


def _button(found: Json) -> TemplateButton:
    word = words(found, "type", 64).upper()
    value = words(found, "url", 2_048) or words(found, "phone_number", 64)
    return TemplateButton(
        BUTTONS.get(word, ButtonKind.OTHER),
        words(found, "text", 64) or word.replace("_", " ").capitalize(),
        value or ("{{1}}" if word == "OTP" else ""),
    )


# --- Writing --------------------------------------------------------------------------------------


def written(draft: TemplateDraft) -> Json:
    """A template as Meta wants it handed in. Rejected says what it cannot be given from here."""
    examples = dict(draft.examples)
    named = any(not name.isdecimal() for name in parameters(draft.body))
    components: list[Json] = [{"type": "BODY", "text": draft.body}]
    if example := _example(draft.body, examples, "body_text", named=named):
        components[0]["example"] = example
    if draft.header is not None:
        components.insert(0, _written_header(draft.header, examples, named=named))
    if draft.footer:
        components.append({"type": "FOOTER", "text": draft.footer})
    if draft.buttons:
        buttons = [_written_button(one, examples) for one in draft.buttons]
        components.append({"type": "BUTTONS", "buttons": buttons})
    return {
        "name": draft.name,
        "language": draft.language,
        "category": draft.category.upper(),
        "parameter_format": "NAMED" if named else "POSITIONAL",
        "components": components,
    }


def handed_in(draft: TemplateDraft, answer: Json) -> ProviderTemplate:
    """The template as Meta has taken it; it may have changed the category at once."""
    return ProviderTemplate(
        external_id=words(answer, "id"),
        name=draft.name,
        language=draft.language,
        category=(words(answer, "category", 64) or draft.category).lower(),
        status=TEMPLATES.get(words(answer, "status", 64).upper(), TemplateStatus.PENDING),
        body=draft.body,
        header=draft.header,
        footer=draft.footer,
        buttons=draft.buttons,
    )


def parameters(text: str) -> list[str]:
    """The names or numbers of a text's parameters, each once, numbers in their order."""
    found = list(dict.fromkeys(PARAMETER.findall(text)))
    return sorted(found, key=int) if all(name.isdecimal() for name in found) else found


def _example(text: str, examples: Mapping[str, str], name: str, *, named: bool) -> Json:
    """Values for a reviewer to see; empty for a text without parameters."""
    wanted = parameters(text)
    if not wanted:
        return {}
    values = [(one, _value(one, examples)) for one in wanted]
    if named:
        pairs = [{"param_name": one, "example": value} for one, value in values]
        return {f"{name}_named_params": pairs}
    plain = [value for _one, value in values]
    return {name: [plain] if name == "body_text" else plain}


def _value(name: str, examples: Mapping[str, str]) -> str:
    value = examples.get(name, "")
    if not value:
        raise Rejected(f"Meta wants an example of {{{{{name}}}}}.", code="example")
    return value


def _written_header(header: TemplateHeader, examples: Mapping[str, str], *, named: bool) -> Json:
    word = header.format.upper()
    if word == "LOCATION":
        return {"type": "HEADER", "format": word}
    if word != "TEXT":
        raise Rejected(
            "Meta wants a sample of the header's file, which is handed in with the template in "
            "its WhatsApp Manager; once approved there, the template can be sent from here.",
            code="header",
        )
    found: Json = {"type": "HEADER", "format": word, "text": header.text}
    example = _example(header.text, examples, "header_text", named=named)
    return found | ({"example": example} if example else {})


def _written_button(button: TemplateButton, examples: Mapping[str, str]) -> Json:
    if button.kind not in WRITTEN:
        raise Rejected("Such a button is made in Meta's WhatsApp Manager.", code="buttons")
    word, name = WRITTEN[button.kind]
    found: Json = {"type": word}
    if button.kind is not ButtonKind.CODE:
        found["text"] = button.text
    if name:
        found[name] = button.value
    wanted = parameters(button.value) if button.kind is ButtonKind.URL else []
    if wanted:
        shown = PARAMETER.sub(lambda match: _value(match[1], examples), button.value)
        found["example"] = [shown]
    return found
