"""Templates of WhatsApp's: listed over all pages, handed in, removed."""

import json
from typing import Any

import pytest

from channels_social.whatsapp import MAX_PAGES, WhatsApp
from gateway.content.templates import (
    ButtonKind,
    ProviderTemplate,
    TemplateButton,
    TemplateDraft,
    TemplateHeader,
    TemplateStatus,
)
from gateway.contract import Checked, Response
from gateway.errors import Ambiguous, BadCredentials, Rejected, Unreachable
from tests.channels_social.test_whatsapp_out import answer, drive, problem
from tests.payloads.whatsapp.exhibit import ACCOUNT_ID, config

adapter = WhatsApp(config())
LIST = f"https://graph.facebook.com/v25.0/{ACCOUNT_ID}/message_templates"
ROW: dict[str, Any] = {
    "id": "1689556908129832",
    "name": "order_ready",
    "language": "en_US",
    "category": "UTILITY",
    "status": "APPROVED",
    "rejected_reason": "NONE",
    "components": [
        {"type": "HEADER", "format": "TEXT", "text": "Order {{1}}"},
        {"type": "BODY", "text": "Hi {{1}}, it is ready.", "example": {"body_text": [["Ana"]]}},
        {"type": "FOOTER", "text": "Acme"},
        {
            "type": "BUTTONS",
            "buttons": [
                {"type": "QUICK_REPLY", "text": "Thanks"},
                {"type": "URL", "text": "Track", "url": "https://x.org/{{1}}"},
                {"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+34911234567"},
                {"type": "COPY_CODE", "text": "Copy offer code"},
                {"type": "OTP", "otp_type": "COPY_CODE", "text": "Copy code"},
                {"type": "FLOW", "text": "Book", "flow_id": "7"},
            ],
        },
    ],
}
READ = ProviderTemplate(
    "1689556908129832",
    "order_ready",
    "en_US",
    "utility",
    TemplateStatus.APPROVED,
    "Hi {{1}}, it is ready.",
    TemplateHeader("text", "Order {{1}}"),
    "Acme",
    (
        TemplateButton(ButtonKind.REPLY, "Thanks"),
        TemplateButton(ButtonKind.URL, "Track", "https://x.org/{{1}}"),
        TemplateButton(ButtonKind.PHONE, "Call", "+34911234567"),
        TemplateButton(ButtonKind.CODE, "Copy offer code"),
        TemplateButton(ButtonKind.URL, "Copy code", "{{1}}"),
        TemplateButton(ButtonKind.OTHER, "Book"),
    ),
)


def page(*rows: Any, after: str = "") -> Response:
    paging = {"cursors": {"after": after or "end"}} | ({"next": f"{LIST}?x"} if after else {})
    return answer(200, {"data": list(rows), "paging": paging})


def test_all_pages_are_read() -> None:
    second = ROW | {"id": "2", "status": "REJECTED", "rejected_reason": "SCAM", "components": []}
    found, requests = drive(adapter.templates(), page(ROW, after="Q"), page(second))
    assert found[0] == READ
    assert (found[1].status, found[1].reason, found[1].body) == ("rejected", "SCAM", "")
    assert {request.url for request in requests} == {LIST}
    assert ("after", "Q") not in requests[0].params
    assert ("after", "Q") in requests[1].params


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("PENDING", "pending"),
        ("IN_APPEAL", "pending"),
        ("FLAGGED", "approved"),
        ("PAUSED", "paused"),
        ("DISABLED", "disabled"),
        ("LIMIT_EXCEEDED", "disabled"),
        ("ARCHIVED", "disabled"),
        ("LOCKED", "disabled"),
        ("PENDING_DELETION", "deleted"),
        ("HOLOGRAPHIC", "disabled"),
    ],
)
def test_statuses(word: str, status: str) -> None:
    [found], _requests = drive(adapter.templates(), page(ROW | {"status": word}))
    assert found.status == status


def test_a_list_without_an_end_is_given_up() -> None:
    with pytest.raises(Unreachable):
        drive(adapter.templates(), *(page(ROW, after="Q") for _page in range(MAX_PAGES)))


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (problem(403, 200), BadCredentials),
        (answer(500), Unreachable),
        (Response(200, {}, b"[]"), Unreachable),
    ],
)
def test_a_list_that_cannot_be_read(response: Response, error: type[Exception]) -> None:
    with pytest.raises(error):
        drive(adapter.templates(), response)


DRAFT = TemplateDraft(
    "order_ready",
    "en_US",
    "utility",
    "Hi {{1}}, order {{2}} is ready.",
    TemplateHeader("text", "Order {{1}}"),
    "Acme",
    (
        TemplateButton(ButtonKind.REPLY, "Thanks"),
        TemplateButton(ButtonKind.URL, "Track", "https://x.org/{{1}}"),
        TemplateButton(ButtonKind.PHONE, "Call", "+34911234567"),
        TemplateButton(ButtonKind.CODE, "", "SAVE10"),
    ),
    (("1", "Ana"), ("2", "7")),
)


def test_a_draft_is_handed_in() -> None:
    taken = answer(200, {"id": "9", "status": "PENDING", "category": "MARKETING"})
    found, [request] = drive(adapter.create_template(DRAFT), taken)
    assert (found.external_id, found.status, found.category) == ("9", "pending", "marketing")
    assert (found.body, found.buttons) == (DRAFT.body, DRAFT.buttons)
    assert (request.method, request.url) == ("POST", LIST)
    assert request.json == {
        "name": "order_ready",
        "language": "en_US",
        "category": "UTILITY",
        "parameter_format": "POSITIONAL",
        "components": [
            {
                "type": "HEADER",
                "format": "TEXT",
                "text": "Order {{1}}",
                "example": {"header_text": ["Ana"]},
            },
            {
                "type": "BODY",
                "text": "Hi {{1}}, order {{2}} is ready.",
                "example": {"body_text": [["Ana", "7"]]},
            },
            {"type": "FOOTER", "text": "Acme"},
            {
                "type": "BUTTONS",
                "buttons": [
                    {"type": "QUICK_REPLY", "text": "Thanks"},
                    {
                        "type": "URL",
                        "text": "Track",
                        "url": "https://x.org/{{1}}",
                        "example": ["https://x.org/Ana"],
                    },
                    {"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+34911234567"},
                    {"type": "COPY_CODE", "example": "SAVE10"},
                ],
            },
        ],
    }


def test_a_draft_with_names() -> None:
    draft = TemplateDraft("hi", "es", "marketing", "Hola {{name}}.", examples=(("name", "Ana"),))
    request = next(adapter.create_template(draft))
    assert request.json["parameter_format"] == "NAMED"
    pairs = [{"param_name": "name", "example": "Ana"}]
    assert request.json["components"][0]["example"] == {"body_text_named_params": pairs}


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        (TemplateDraft("hi", "es", "utility", "Hola {{1}}."), "example"),
        (TemplateDraft("hi", "es", "utility", "Hi", TemplateHeader("image")), "header"),
        (
            TemplateDraft(
                "hi", "es", "utility", "Hi", buttons=(TemplateButton(ButtonKind.OTHER, "x"),)
            ),
            "buttons",
        ),
    ],
)
def test_what_cannot_be_handed_in_from_here(draft: TemplateDraft, code: str) -> None:
    with pytest.raises(Rejected) as raised:
        next(adapter.create_template(draft))
    assert raised.value.code == code


def test_what_meta_dislikes_is_said_in_its_words() -> None:
    words = "Variables can't be at the start or end of the template."
    refused = problem(400, 100, error_subcode=2388299, error_user_msg=words)
    with pytest.raises(Rejected, match="at the start or end"):
        drive(adapter.create_template(DRAFT), refused)
    with pytest.raises(Ambiguous):
        drive(adapter.create_template(DRAFT), answer(200, {}))


def test_one_language_is_removed() -> None:
    done, [request] = drive(adapter.delete_template(READ), answer(200, {"success": True}))
    assert done == Checked("order_ready")
    assert (request.method, request.url) == ("DELETE", LIST)
    assert request.params == [("name", "order_ready"), ("hsm_id", "1689556908129832")]
    assert json.dumps(request.json) == "null"
