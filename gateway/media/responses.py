"""A stored file as an HTTP answer: under its own type, never run, shown only where that is safe."""

from django.http import FileResponse, Http404

from gateway.media.kinds import INLINE
from gateway.media.models import StoredFile
from gateway.media.storing import media_storage

# Bytes at a time: each piece goes through a thread and the event loop.
BLOCK = 262_144


def file_response(row: StoredFile, *, download: bool = False) -> FileResponse:
    """The bytes; a download unless a browser may show the type. Http404 when they are gone."""
    try:
        content = media_storage().open(row.path)
    except FileNotFoundError as error:
        raise Http404("The file is gone.") from error
    response = FileResponse(
        content,
        as_attachment=download or row.content_type not in INLINE,
        filename=row.name,
        content_type=row.content_type,
    )
    response.block_size = BLOCK
    response["Content-Length"] = str(row.size)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, max-age=3600"
    return response
