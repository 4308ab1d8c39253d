"""Errors of the API as problem details (RFC 9457) with a map of fields."""

import re
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views import defaults
from rest_framework import status
from rest_framework.exceptions import (
    APIException,
    NotFound,
    ValidationError,
)
from rest_framework.exceptions import PermissionDenied as Forbidden
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error

CONTENT_TYPE = "application/problem+json"
GENERAL = "non_field_errors"
# Services write ``addresses[0]``; everywhere in the API it is ``addresses.0``.
INDEX = re.compile(r"\[(\d+)\]")


class ProblemRenderer(JSONRenderer):
    """JSON under the media type of problem details."""

    media_type = CONTENT_TYPE


class Unprocessable(ValidationError):
    """Understood and well-formed, yet not possible: 422 with the field's name."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY


class Conflict(APIException):
    """The state of things does not allow this now."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class TooLarge(APIException):
    """The body is larger than the API takes."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer for an error; None for a bug, which then takes the way of every 500."""
    error = _as_api_exception(error)
    if not isinstance(error, APIException):
        return None
    body = problem(
        status_code=error.status_code,
        detail=_words(error),
        instance=context["request"].path if context.get("request") else "",
        errors=_fields(error),
    )
    response = Response(body, status=error.status_code, headers=_headers(error))
    # Whatever the client accepts, an error is told; the renderer of the view may differ.
    request = context.get("request")
    if request is not None:
        request.accepted_renderer = ProblemRenderer()
        request.accepted_media_type = CONTENT_TYPE
    response.content_type = CONTENT_TYPE
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """A bug, told to the API's callers as a problem and to people as a page."""
    if not request.path.startswith("/api/"):
        return defaults.server_error(request)
    words = _("The request was not carried out. It is in our log under the request id.")
    body = problem(status_code=500, detail=words, instance=request.path)
    return JsonResponse(body, status=500, content_type=CONTENT_TYPE)


def problem(
    *, status_code: int, detail: str, instance: str = "", errors: dict[str, list[str]] | None = None
) -> dict[str, Any]:
    """A problem details object."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": str(titles().get(status_code, _("Error"))),
        "status": status_code,
        "detail": detail,
        "instance": instance,
    }
    if errors:
        body["errors"] = errors
    return body


def titles() -> dict[int, str]:
    """What each status means, in the reader's language."""
    return {
        400: _("Something in the request is not right"),
        401: _("Log-in needed"),
        403: _("Not allowed"),
        404: _("Not found"),
        405: _("This address does not take that method"),
        406: _("This format is not available"),
        409: _("Not possible at this moment"),
        413: _("Too large"),
        415: _("Only JSON is understood"),
        422: _("Not possible"),
        429: _("Too many requests"),
        500: _("Something went wrong on our side"),
    }


def _as_api_exception(error: Exception) -> Exception:
    if isinstance(error, Http404):
        return NotFound()
    if isinstance(error, PermissionDenied):
        return Forbidden()
    if isinstance(error, DjangoValidationError):
        return ValidationError(as_serializer_error(error))
    return error


def _headers(error: APIException) -> dict[str, str]:
    # Set by DRF where it answers 401 and 429.
    challenge, wait = getattr(error, "auth_header", None), getattr(error, "wait", None)
    headers = {"WWW-Authenticate": str(challenge)} if challenge else {}
    return headers | ({"Retry-After": str(int(wait))} if wait else {})


def _words(error: APIException) -> str:
    if not isinstance(error, ValidationError):
        return str(error.detail)
    fields = _fields(error)
    if fields.get(GENERAL):
        return " ".join(fields[GENERAL])
    names = ", ".join(fields)
    return _("Please look at: %(fields)s.") % {"fields": names}


def _fields(error: APIException) -> dict[str, list[str]]:
    if not isinstance(error, ValidationError):
        return {}
    found: dict[str, list[str]] = {}
    for path, message in _walk(error.detail):
        found.setdefault(INDEX.sub(r".\1", path) or GENERAL, []).append(message)
    return found


def _walk(detail: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Nested errors by dotted path: ``addresses.0.value``."""
    if isinstance(detail, dict):
        for key, inner in detail.items():
            name = path if key in {GENERAL, "__all__"} else f"{path}.{key}" if path else str(key)
            yield from _walk(inner, name)
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            yield from _walk(inner, f"{path}.{index}" if nested and path else path)
    else:
        yield path, str(detail)
