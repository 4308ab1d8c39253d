"""Takes uploads: bounded while they come in, and checked before they are kept."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest
from django.utils.translation import gettext as _

from gateway.media.models import StoredFile
from gateway.media.storing import Unfit, store
from gateway.media.words import reason

# What a form may have beside the file itself.
MARGIN = 100_000


class BoundedUploads(FileUploadHandler):
    """First of settings.FILE_UPLOAD_HANDLERS: stops an upload that is too large at its beginning,
    or as soon as it has become so.
    """

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.received = 0
        self.length = 0

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, *args: Any, **kwargs: Any
    ) -> None:
        """Keep how much is announced."""
        self.length = content_length

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Stop what is announced as too large."""
        super().new_file(*args, **kwargs)
        if self.length > settings.MEDIA_MAX_BYTES + MARGIN:
            self._stop()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Count, and let the next handler have it."""
        self.received += len(raw_data)
        if self.received > settings.MEDIA_MAX_BYTES:
            self._stop()
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """The next handler makes the file."""

    def _stop(self) -> None:
        if self.request is not None:
            self.request.upload_too_large = True  # type: ignore[attr-defined]
        raise StopUpload(connection_reset=True)


def take_upload(request: HttpRequest, *, workspace_id: int) -> StoredFile:
    """Keep the one file of a multipart form, its field ``file``; ValidationError names it."""
    uploaded = request.FILES.get("file")
    if getattr(request, "upload_too_large", False):
        raise ValidationError({"file": reason("too_large")})
    if not isinstance(uploaded, UploadedFile) or uploaded.file is None:
        raise ValidationError({"file": _("Choose a file.")})
    try:
        return store(
            workspace_id=workspace_id,
            content=uploaded.file,
            name=uploaded.name or "",
            declared=uploaded.content_type or "",
        )
    except Unfit as error:
        raise ValidationError({"file": reason(error.reason)}) from error
