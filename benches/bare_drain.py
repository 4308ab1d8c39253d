"""The limit of completing: hand-written statements on tables with nothing but what they need.

Claims 500 stored requests, reads their forms, finds or makes contacts, addresses and conversations,
inserts the messages, touches the conversations, marks the requests and commits.
"""

import multiprocessing
import os
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

import psycopg2
from psycopg2.extras import execute_values

BATCH = 500

TABLES = """
CREATE TABLE bare_raw (
    id bigserial PRIMARY KEY, body bytea NOT NULL, done boolean NOT NULL DEFAULT false);
CREATE INDEX ON bare_raw (id) WHERE NOT done;
CREATE TABLE bare_contact (id bigserial PRIMARY KEY, name text NOT NULL DEFAULT '');
CREATE TABLE bare_address (
    id bigserial PRIMARY KEY, value text NOT NULL UNIQUE,
    contact_id bigint NOT NULL REFERENCES bare_contact);
CREATE TABLE bare_conversation (
    id bigserial PRIMARY KEY, contact_id bigint NOT NULL UNIQUE REFERENCES bare_contact,
    version bigint NOT NULL DEFAULT 0, last_message_at timestamptz);
CREATE TABLE bare_message (
    id bigserial PRIMARY KEY, conversation_id bigint NOT NULL REFERENCES bare_conversation,
    external_id text NOT NULL UNIQUE, text text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now());
"""


def prepare(known: Sequence[str]) -> None:
    """Make the tables, with the same requests and the same known people as the product's."""
    with _connect() as connection, connection.cursor() as cursor:
        cursor.execute(TABLES)
        cursor.execute(
            "INSERT INTO bare_raw (body) SELECT body FROM gateway_inboundrequest ORDER BY id"
        )
        execute_values(cursor, "INSERT INTO bare_contact (name) VALUES %s", [("",)] * len(known))
        cursor.execute("SELECT id FROM bare_contact ORDER BY id")
        rows = list(zip(known, (pk for (pk,) in cursor.fetchall()), strict=True))
        execute_values(cursor, "INSERT INTO bare_address (value, contact_id) VALUES %s", rows)
    _analyze()


def drain_all(processes: int = 2) -> float:
    """Seconds that so many processes take for all of it."""
    context = multiprocessing.get_context("spawn")
    begin, ready = context.Event(), [context.Event() for _ in range(processes)]
    workers = [context.Process(target=_work, args=(begin, one)) for one in ready]
    for worker in workers:
        worker.start()
    for one in ready:
        one.wait(60)
    started = time.perf_counter()
    begin.set()
    for worker in workers:
        worker.join()
    seconds = time.perf_counter() - started
    if any(worker.exitcode for worker in workers):
        raise RuntimeError("A bare drainer has failed.")
    return seconds


def _connect() -> Any:
    return psycopg2.connect(os.environ["DATABASE_URL"])


def _analyze() -> None:
    connection = _connect()
    connection.autocommit = True
    connection.cursor().execute("ANALYZE")
    connection.close()


def _work(begin: Any, ready: Any) -> None:
    connection = _connect()
    ready.set()
    begin.wait(60)
    while _batch(connection):
        pass
    connection.close()


def _batch(connection: Any) -> int:
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, body FROM bare_raw WHERE NOT done ORDER BY id LIMIT %s "
            "FOR UPDATE SKIP LOCKED",
            [BATCH],
        )
        rows = cursor.fetchall()
        if not rows:
            return 0
        forms = [dict(parse_qsl(bytes(body).decode(), keep_blank_values=True)) for _, body in rows]
        contacts = _contacts(cursor, sorted({form["From"] for form in forms}))
        conversations = _conversations(cursor, sorted(contacts.values()))
        messages = [
            (conversations[contacts[form["From"]]], form["MessageSid"], form["Body"])
            for form in forms
        ]
        execute_values(
            cursor,
            "INSERT INTO bare_message (conversation_id, external_id, text) VALUES %s "
            "ON CONFLICT (external_id) DO NOTHING",
            messages,
            page_size=BATCH,
        )
        cursor.execute(
            "UPDATE bare_conversation SET version = version + 1, last_message_at = now() "
            "WHERE id = ANY(%s)",
            [sorted(conversations.values())],
        )
        cursor.execute(
            "UPDATE bare_raw SET done = true WHERE id = ANY(%s)", [[pk for pk, _ in rows]]
        )
    return len(rows)


def _contacts(cursor: Any, values: list[str]) -> dict[str, int]:
    found = _find(cursor, values)
    new = [value for value in values if value not in found]
    if new:
        execute_values(
            cursor,
            "INSERT INTO bare_contact (name) VALUES %s RETURNING id",
            [("",)] * len(new),
            page_size=BATCH,
        )
        ids = [pk for (pk,) in cursor.fetchall()]
        execute_values(
            cursor,
            "INSERT INTO bare_address (value, contact_id) VALUES %s ON CONFLICT DO NOTHING",
            list(zip(new, ids, strict=True)),
            page_size=BATCH,
        )
        found |= _find(cursor, new)
    return found


def _find(cursor: Any, values: list[str]) -> dict[str, int]:
    cursor.execute("SELECT value, contact_id FROM bare_address WHERE value = ANY(%s)", [values])
    return dict(cursor.fetchall())


def _conversations(cursor: Any, contacts: list[int]) -> dict[int, int]:
    execute_values(
        cursor,
        "INSERT INTO bare_conversation (contact_id) VALUES %s ON CONFLICT DO NOTHING",
        [(pk,) for pk in contacts],
        page_size=BATCH,
    )
    cursor.execute(
        "SELECT contact_id, id FROM bare_conversation WHERE contact_id = ANY(%s)", [contacts]
    )
    return dict(cursor.fetchall())
