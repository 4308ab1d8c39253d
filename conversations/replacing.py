"""Another channel took over a message: what it offers by number there counts as the message's."""

from collections.abc import Sequence

import orjson
from django.db import connection

from gateway.events import Replacement

# Beside what is offered already: parts of a message are taken over one by one.
OFFER = """
UPDATE conversations_message AS m
SET data = jsonb_set(m.data, '{options}', coalesce(m.data->'options', '[]') || v.options)
FROM json_to_recordset(%s) AS v (workspace bigint, uid uuid, options jsonb)
WHERE m.workspace_id = v.workspace AND m.uid = v.uid
"""


def receive_replacements(batch: Sequence[Replacement]) -> None:
    """Note what replacements offer by number; one statement, none where nothing is offered."""
    offers: dict[tuple[int, str], list[object]] = {}
    for one in batch:
        if one.options:
            offers.setdefault((one.workspace_id, str(one.message_uid)), []).extend(one.options)
    rows = [
        {"workspace": workspace, "uid": uid, "options": options}
        for (workspace, uid), options in offers.items()
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(OFFER, [orjson.dumps(rows).decode()])
