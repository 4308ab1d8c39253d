"""A stored webhook as the Django request that django-anymail's views read."""

from io import BytesIO
from urllib.parse import urlsplit

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.handlers.wsgi import WSGIRequest
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.http import parse_header_parameters

from gateway.contract import WebhookRequest
from gateway.errors import Malformed

FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
MOST_PARTS = 1_000


class ProviderRequest(WSGIRequest):
    """``raw_fields`` are a multipart form's fields as they came, whose bytes are no text yet."""

    raw_fields: dict[str, bytes]
    # Where Django keeps a form that it has read.
    _post: QueryDict
    _files: MultiValueDict[str, SimpleUploadedFile]


def as_django(request: WebhookRequest) -> ProviderRequest:
    """The request; its body has come in already, and is not held against Django's usual limits.

    Malformed for a form that cannot be read.
    """
    parts = urlsplit(request.url)
    environ = {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": parts.path,
        "QUERY_STRING": parts.query,
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "SERVER_NAME": parts.hostname or "",
        "SERVER_PORT": str(parts.port or 443),
        "wsgi.input": BytesIO(),
        "wsgi.url_scheme": parts.scheme,
    }
    for name, value in request.headers.items():
        environ.setdefault(f"HTTP_{name.upper().replace('-', '_')}", value)
    made = ProviderRequest(environ)
    made._body = request.body
    made.raw_fields = {}
    if made.content_type == MULTIPART:
        _fill(made, request.headers["content-type"], request.body)
    elif made.content_type == FORM:
        latin = QueryDict(request.body, encoding="latin1")
        made.raw_fields = {name: str(latin[name]).encode("latin1") for name in latin}
    return made


def _fill(made: ProviderRequest, content_type: str, body: bytes) -> None:
    boundary = parse_header_parameters(content_type)[1].get("boundary", "")
    if not 0 < len(boundary) <= 200:
        raise Malformed("The form has no boundary.")
    post = QueryDict(mutable=True)
    files: MultiValueDict[str, SimpleUploadedFile] = MultiValueDict()
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary.encode("latin1"))
    if len(pieces) > MOST_PARTS:
        raise Malformed("The form has too many parts.")
    for piece in pieces[1:]:
        head, blank, content = piece.partition(b"\r\n\r\n")
        if not blank:
            continue
        about = _about(head)
        name = about.get("name", "")
        if "filename" in about:
            kind = about.get("content-type", "application/octet-stream")
            files.appendlist(name, SimpleUploadedFile(about["filename"] or "file", content, kind))
        else:
            made.raw_fields[name] = content
            post.appendlist(name, content.decode("utf-8", "replace"))
    made._post, made._files = post, files


def _about(head: bytes) -> dict[str, str]:
    """The name, the file's name and the type of a part."""
    found: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").split("\r\n"):
        key, _, value = line.partition(":")
        if key.lower() == "content-disposition":
            found |= parse_header_parameters(value.strip())[1]
        elif key.lower() == "content-type":
            found["content-type"] = value.strip()
    return found
