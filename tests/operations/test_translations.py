"""The tool that keeps translations complete, on small source trees of its own."""

import gettext as stdlib_gettext

import pytest
from django.core.management import call_command

from operations import catalogue

CODE = """
from django.utils.translation import gettext as _, ngettext, pgettext
_("Save")
_("Hello %(name)s") % {"name": name}
ngettext("%(count)s message", "%(count)s messages", count)
pgettext("verb", "Open")
pgettext("state", "Open")
"""
TEMPLATE = """
{% load i18n %}
<h1>{% translate "Title" %}</h1>
  {% if x %}
    {% blocktranslate trimmed count counter=n with who=name %}
      {{ who }} has one chat
    {% plural %}
      {{ who }} has {{ counter }} chats
    {% endblocktranslate %}
{% endif %}
<button title="{% translate "Don't" context "answer" %}">x</button>
"""


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "app" / "migrations").mkdir(parents=True)
    (tmp_path / "templates").mkdir()
    (tmp_path / "app" / "views.py").write_text(CODE)
    (tmp_path / "app" / "migrations" / "0001.py").write_text('_("Never shown")')
    (tmp_path / "templates" / "page.html").write_text(TEMPLATE)
    return tmp_path


def kinds(tree):
    return {(problem.kind, problem.text) for problem in catalogue.check(tree, "es")}


def fill(tree, translations):
    known = catalogue.load(catalogue.catalogue_path(tree, "es"), "es")
    for message in known:
        if message.id:
            message.string = translations[(message.context, catalogue._forms(message.id)[0])]
    catalogue.catalogue_path(tree, "es").write_bytes(catalogue._po_bytes(known))


COMPLETE = {
    (None, "Save"): "Guardar",
    (None, "Hello %(name)s"): "Hola, %(name)s",
    (None, "%(count)s message"): ("%(count)s mensaje", "%(count)s mensajes"),
    ("verb", "Open"): "Abrir",
    ("state", "Open"): "Abierta",
    (None, "Title"): "Título",
    (None, "%(who)s has one chat"): ("%(who)s tiene un chat", "%(who)s tiene %(counter)s chats"),
    ("answer", "Don't"): "No",
}


def test_everything_is_extracted_with_plurals_and_context(tree):
    found = catalogue.extract_catalogue(tree, "es")

    assert {(m.context, catalogue._forms(m.id)[0]) for m in found if m.id} == COMPLETE.keys()
    plural = found.get("%(who)s has one chat")
    assert plural is not None
    assert plural.id == ("%(who)s has one chat", "%(who)s has %(counter)s chats")


def test_a_new_catalogue_is_empty_and_check_names_each_text(tree):
    assert len(kinds(tree)) == len(COMPLETE)
    assert {kind for kind, _ in kinds(tree)} == {"missing"}

    catalogue.update(tree, "es")

    assert {kind for kind, _ in kinds(tree)} == {"empty"}
    assert ("empty", "verb | Open") in kinds(tree)


def test_a_complete_catalogue_passes_and_compiles(tree):
    catalogue.update(tree, "es")
    fill(tree, COMPLETE)

    assert kinds(tree) == set()
    with catalogue.compile_catalogue(tree, "es").open("rb") as file:
        compiled = stdlib_gettext.GNUTranslations(file)
    assert compiled.gettext("Save") == "Guardar"
    assert compiled.pgettext("state", "Open") == "Abierta"
    assert compiled.ngettext("%(count)s message", "%(count)s messages", 3) == "%(count)s mensajes"


def test_update_keeps_translations_drops_the_gone_and_changes_nothing_twice(tree):
    catalogue.update(tree, "es")
    fill(tree, COMPLETE)
    (tree / "app" / "views.py").write_text(CODE.replace('_("Save")', '_("Store")'))
    assert kinds(tree) == {("missing", "Store"), ("obsolete", "Save")}

    catalogue.update(tree, "es")

    assert kinds(tree) == {("empty", "Store")}
    path = catalogue.catalogue_path(tree, "es")
    before = path.read_bytes()
    catalogue.update(tree, "es")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ((None, "Hello %(name)s"), "Hola, %(nombre)s"),
        ((None, "Hello %(name)s"), "Hola"),
        ((None, "Save"), "Guardar %s"),
        ((None, "%(count)s message"), ("%(count)s mensaje", "mensajes")),
        ((None, "%(who)s has one chat"), ("un chat", "%(who)s tiene %(counter)s chats")),
    ],
)
def test_placeholders_must_agree(tree, key, wrong):
    catalogue.update(tree, "es")
    fill(tree, COMPLETE | {key: wrong})

    assert kinds(tree) == {("placeholders", key[1])}


def test_fuzzy_and_missing_plural_forms_are_refused(tree):
    catalogue.update(tree, "es")
    fill(tree, COMPLETE | {(None, "%(count)s message"): ("%(count)s mensaje", "")})
    path = catalogue.catalogue_path(tree, "es")
    path.write_text(path.read_text().replace('msgid "Save"', '#, fuzzy\nmsgid "Save"'))

    assert kinds(tree) == {("fuzzy", "Save"), ("empty", "%(count)s message")}


def test_the_products_own_catalogue_is_complete():
    call_command("translations", "check")
