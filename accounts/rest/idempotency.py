"""``Idempotency-Key``: the same call again gets the same answer, and nothing happens twice."""

import hashlib
import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg2.errors import LockNotAvailable
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from accounts.models import IdempotencyKey, Member
from accounts.rest.permissions import caller
from accounts.rest.problems import Conflict, Unprocessable

HEADER = "Idempotency-Key"
LONGEST = 255
KEEP = timedelta(hours=24)
WAIT_MS = 10_000
# Makes a message id from a key, so that even a key that was pruned cannot send twice.
NAMESPACE = uuid.UUID("9d3c2f0e-6f7b-4a58-9d51-0f6d7c4b1a90")

Handler = Callable[..., Response]


def idempotent(handler: Handler) -> Handler:
    """Let a POST of a view be repeated with the same key: the stored answer, the effect once.

    The key is written in the effect's own transaction: an error keeps neither. A twin that
    arrives meanwhile waits for the first and then gets its answer, or 409 after ten seconds.
    """

    @wraps(handler)
    def wrapped(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = given_key(request)
        if key is None:
            with transaction.atomic():
                return handler(view, request, *args, **kwargs)
        with transaction.atomic():
            row, new = _claim(request, key)
            if not new:
                return _repeat(row, request)
            response = handler(view, request, *args, **kwargs)
            row.status = response.status_code
            row.response = json.loads(json.dumps(response.data, cls=JSONEncoder))
            row.save(update_fields=["status", "response"])
            return response

    return wrapped


def given_key(request: Request) -> str | None:
    """The key of the request; ValidationError naming the header when it is unusable."""
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not key.strip() or len(key) > LONGEST or not key.isprintable() or not key.isascii():
        message = _("Must be 1 to 255 printable ASCII characters.")
        raise ValidationError({HEADER: [message]})
    return key


def message_uid(request: Request) -> uuid.UUID:
    """The id for a message this call sends: from its key, or a new one."""
    key = given_key(request)
    if key is None:
        return uuid.uuid4()
    member = caller(request)
    return uuid.uuid5(NAMESPACE, f"{member.workspace_id}:{key}")


def prune_keys(*, keep: timedelta = KEEP) -> int:
    """Forget keys older than ``keep``; how many."""
    return IdempotencyKey.objects.filter(created_at__lt=timezone.now() - keep).delete()[0]


def _claim(request: Request, key: str) -> tuple[IdempotencyKey, bool]:
    member = caller(request)
    fresh = IdempotencyKey(
        workspace_id=member.workspace_id,
        key=key,
        route=f"{request.method} {request.path}"[:255],
        request_digest=_digest(request, member),
    )
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = %s", [WAIT_MS])
        try:
            # Waits here while a twin that has inserted the key is still at work.
            IdempotencyKey.objects.bulk_create([fresh], ignore_conflicts=True)
        except OperationalError as error:
            if isinstance(error.__cause__, LockNotAvailable):
                raise Conflict(_("The first call with this key is still running.")) from error
            raise
        cursor.execute("SET LOCAL lock_timeout = 0")
    row = IdempotencyKey.objects.get(workspace=member.workspace_id, key=key)
    return row, row.status is None


def _repeat(row: IdempotencyKey, request: Request) -> Response:
    same = row.request_digest == _digest(request, caller(request))
    if not same or row.route != f"{request.method} {request.path}"[:255]:
        message = _("This key was used for another call.")
        raise Unprocessable({HEADER: [message]})
    return Response(row.response, status=row.status, headers={"Idempotency-Replayed": "true"})


def _digest(request: Request, member: Member) -> str:
    body = json.dumps(request.data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{member.pk}\n{body}".encode()).hexdigest()
