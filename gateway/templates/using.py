"""Templates in content: looked up, checked and filled in before anything is queued."""

from dataclasses import replace

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from gateway.content.model import Content, TemplateUse
from gateway.content.templates import ProviderTemplate
from gateway.models import Channel
from gateway.templates.filling import checked, filled, parameters
from gateway.templates.model import Standing, StoredTemplate


def with_template(content: Content, channel: Channel) -> Content:
    """The content with the words of its template, as the channel's provider has approved it.

    The text is ours: what was given as such is not looked at. ValidationError by
    ``content.template.name``, ``content.template.body.1``…; one statement, none without a template.
    """
    use = content.template
    if use is None:
        return content
    row = StoredTemplate.objects.filter(
        channel=channel, name=use.name, language=use.language
    ).first()
    if row is None:
        raise _wrong(name=_missing(channel, use.name))
    if not row.can_be_sent:
        words = _("The template “%(name)s” cannot be sent: %(status)s.")
        status = Standing(row.status).label
        raise _wrong(name=words % {"name": row.name, "status": status})
    if replace(content, template=None) != Content():
        raise ValidationError({"content.template": _("A template stands alone.")})
    try:
        return Content(template=checked(row.given, use))
    except ValidationError as error:
        found = {f"content.template.{path}": words for path, words in error.message_dict.items()}
        raise ValidationError(found) from error


def _missing(channel: Channel, name: str) -> str:
    there = StoredTemplate.objects.filter(channel=channel, name=name)
    languages = sorted(there.values_list("language", flat=True))
    if languages:
        words = _("“%(name)s” is there in these languages only: %(languages)s.")
        return words % {"name": name, "languages": ", ".join(languages)}
    return _("This channel has no template “%(name)s”.") % {"name": name}


def _wrong(**errors: str) -> ValidationError:
    return ValidationError({f"content.template.{name}": words for name, words in errors.items()})


def draft_with_template(
    content: Content, *, workspace_id: int, channel: Channel | None, lenient: bool = False
) -> Content:
    """As ``with_template`` for what is sent later, and perhaps on a channel not chosen yet.

    Values may hold variables, which the text then has too. ``lenient``: what is missing is shown as
    an ellipsis. ValidationError by ``template.name``, ``template.body.1``…
    """
    use = content.template
    if use is None:
        return content
    rows = StoredTemplate.objects.filter(
        workspace=workspace_id, name=use.name, language=use.language
    ).exclude(status=Standing.DELETED)
    there = sorted(rows, key=lambda row: (channel is None or row.channel_id != channel.pk, row.pk))
    if not there:
        words = _("There is no template “%(name)s” in this language.") % {"name": use.name}
        raise ValidationError({"template.name": words})
    given = there[0].given
    if lenient:
        return Content(template=replace(use, text=filled(given, _completed(given, use))))
    if replace(content, template=None) != Content():
        raise ValidationError({"template": _("A template stands alone.")})
    try:
        return Content(template=checked(given, use))
    except ValidationError as error:
        found = {f"template.{path}": words for path, words in error.message_dict.items()}
        raise ValidationError(found) from error


def _completed(given: ProviderTemplate, use: TemplateUse) -> TemplateUse:
    head = given.header.text if given.header else ""
    body = dict.fromkeys(parameters(given.body), "…") | {k: v for k, v in use.body if v}
    header = dict.fromkeys(parameters(head), "…") | {k: v for k, v in use.header_values if v}
    return replace(use, body=tuple(body.items()), header_values=tuple(header.items()))
