"""Who sees a file, how it is served, and what may be uploaded."""

import io
import uuid
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from gateway.media.cleaning import sweep_unused
from gateway.media.kinds import ENDINGS, INLINE, recognize
from gateway.media.models import StoredFile
from gateway.media.names import clean_name
from gateway.media.storing import Unfit, store
from tests import builders
from tests.api.client import Caller, caller, errors
from tests.gateway.media.shelf import HTML, JPEG, PNG, SVG, VCARD

pytestmark = pytest.mark.django_db


def upload_of(data: bytes) -> IO[bytes]:
    return io.BytesIO(data)


def kept(api: Caller, data: bytes = PNG, name: str = "a.png", **options: Any) -> StoredFile:
    content = upload_of(data)
    return store(workspace_id=api.workspace.pk, content=content, name=name, **options)


def upload(api: Caller, data: bytes, name: str = "a.png", kind: str = "image/png") -> Any:
    return api.http.post(
        "/api/v1/files/",
        {"file": SimpleUploadedFile(name, data, kind)},
        headers={"Authorization": f"Token {api.token}"},
    )


def test_members_see_it_and_nobody_else() -> None:
    api, row = caller(), None
    row = kept(api)
    url = f"/files/{row.uid}/"
    mine, theirs, nobody = Client(), Client(), Client()
    mine.force_login(api.member.user)
    theirs.force_login(builders.member().user)
    answer: Any = mine.get(url)
    assert b"".join(answer.streaming_content) == PNG
    assert answer["Content-Disposition"] == 'inline; filename="a.png"'
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["X-Content-Type-Options"] == "nosniff"
    answer = mine.get(f"{url}?download")
    assert b"".join(answer.streaming_content)
    assert answer["Content-Disposition"] == 'attachment; filename="a.png"'
    assert theirs.get(url).status_code == 404
    assert nobody.get(url).status_code == 302
    assert mine.get(f"/files/{uuid.uuid4()}/").status_code == 404


def test_what_is_not_safe_to_show_is_a_download() -> None:
    api = caller()
    row = kept(api, VCARD, 'card"\r\nX: y.html')
    client = Client()
    client.force_login(api.member.user)
    answer: Any = client.get(f"/files/{row.uid}/")
    assert b"".join(answer.streaming_content)
    assert answer["Content-Type"] == "text/vcard"
    assert answer["Content-Disposition"].startswith("attachment;")
    assert answer.headers.get("X") is None
    assert not any(kind.startswith(("text/", "application/")) for kind in INLINE)
    assert "image/svg+xml" not in INLINE


def test_bytes_that_are_gone_are_404(folder: Path) -> None:
    api = caller()
    row = kept(api)
    (folder / row.path).unlink()
    client = Client()
    client.force_login(api.member.user)
    assert client.get(f"/files/{row.uid}/").status_code == 404


def test_files_over_the_api() -> None:
    api = caller()
    answer = upload(api, PNG, "../../etc/Photo.png")
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert body["name"] == "Photo.png"
    assert (body["content_type"], body["size"]) == ("image/png", len(PNG))
    assert api.get(f"files/{body['id']}/").json() == body
    content = api.get(f"files/{body['id']}/content/", Accept="image/*")
    assert content.status_code == 200
    assert b"".join(content.streaming_content) == PNG
    other = caller()
    assert other.get(f"files/{body['id']}/").status_code == 404
    assert other.get(f"files/{body['id']}/content/").status_code == 404


@pytest.mark.parametrize("data", [HTML, SVG, b"MZ\x90\x00"])
def test_an_upload_of_a_wrong_type_names_the_file(data: bytes) -> None:
    assert list(errors(upload(caller(), data, "a.jpg", "image/jpeg"))) == ["file"]
    assert not StoredFile.objects.exists()


def test_an_upload_without_a_file_or_bytes() -> None:
    api = caller()
    assert list(errors(upload(api, b""))) == ["file"]
    headers = {"Authorization": f"Token {api.token}"}
    assert list(errors(api.http.post("/api/v1/files/", {"file": "x"}, headers=headers))) == ["file"]


@pytest.mark.parametrize("margin", [10_000_000, 0])
def test_an_upload_that_is_too_large_stops(
    settings: Any, monkeypatch: pytest.MonkeyPatch, margin: int
) -> None:
    """By what it announces, or by what comes."""
    settings.MEDIA_MAX_BYTES = 100_000
    monkeypatch.setattr("gateway.media.uploads.MARGIN", margin)
    answer = upload(caller(), PNG + b"\0" * 300_000)
    assert answer.status_code == 413
    assert not StoredFile.objects.exists()


def test_what_nobody_sent_is_swept(folder: Path) -> None:
    row = kept(caller())
    now = timezone.now()
    assert sweep_unused(now - timedelta(days=1)) == 0
    assert sweep_unused(now + timedelta(seconds=1)) == 1
    assert not StoredFile.objects.exists()
    assert not (folder / row.path).exists()


@pytest.mark.parametrize(
    ("name", "kind", "clean"),
    [
        ("photo.JPG", "image/jpeg", "photo.JPG"),
        ("..\\..\\evil.html", "image/jpeg", "evil.html.jpg"),
        ("/etc/passwd", "text/plain", "passwd.txt"),
        ("a\u202egpj.exe", "image/png", "agpj.exe.png"),
        ("a\x00\r\nb.png", "image/png", "ab.png"),
        ("<img src=x>.png", "image/png", "img src=x.png"),
        ("...", "video/mp4", "video.mp4"),
        ("", "application/pdf", "file.pdf"),
        ("ñ" * 300 + ".pdf", "application/pdf", "ñ" * 116 + ".pdf"),
    ],
)
def test_names_are_harmless(name: str, kind: str, clean: str) -> None:
    assert clean_name(name, kind) == clean


@pytest.mark.parametrize(
    ("head", "declared", "name", "kind"),
    [
        (JPEG, "text/html", "a.html", "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "", "", "image/webp"),
        (b"\x00\x00\x00\x18ftypmp42", "image/jpeg", "", "video/mp4"),
        (b"\x00\x00\x00\x18ftyp3gp5", "", "", "video/3gpp"),
        (b"\x00\x00\x00\x18ftypheic", "", "", "image/heic"),
        (b"#!AMR\n", "", "", "audio/amr"),
        (b"OggS\x00", "", "", "audio/ogg"),
        (b"%PDF-1.7", "", "", "application/pdf"),
        (b"\xef\xbb\xbfbegin:vcard\n", "application/octet-stream", "", "text/vcard"),
        (b"a,b\n1,2\n", "text/csv; charset=utf-8", "", "text/csv"),
        ("ñ,b".encode()[:1] + b"\n", "text/csv", "", ""),
        (b"a,b\n1,2\n", "", "list.CSV", "text/csv"),
        (b"PK\x03\x04", "", "Offer.docx", next(k for k, e in ENDINGS.items() if ".docx" in e)),
        (b"PK\x03\x04", "application/zip", "a.zip", ""),
        (HTML, "text/plain", "a.txt", ""),
        (SVG, "image/svg+xml", "a.svg", ""),
        (b"", "text/plain", "a.txt", ""),
    ],
)
def test_bytes_say_what_a_file_is(head: bytes, declared: str, name: str, kind: str) -> None:
    assert recognize(head, declared, name) == kind


def test_an_empty_file_is_not_kept() -> None:
    with pytest.raises(Unfit, match="empty"):
        store(workspace_id=builders.workspace().pk, content=upload_of(b""))
