"""Every change of a delivery's state, as PostgreSQL itself has seen it."""

from django.db import connection

from gateway.states import State, after_report, may_follow

# A trigger sees each write, also those in the middle of a transaction that ends elsewhere.
TRIGGER = """
CREATE TEMPORARY TABLE state_history (
    n serial, delivery bigint, before text, after text, attempts int);
CREATE FUNCTION pg_temp.note_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO state_history (delivery, before, after, attempts)
    VALUES (NEW.id, OLD.state, NEW.state, NEW.attempts);
    RETURN NEW;
END $$;
CREATE TRIGGER note_state AFTER UPDATE OF state ON gateway_delivery
FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION pg_temp.note_state();
"""


def keep_history() -> None:
    """Note changes from now on; gone with the test's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(TRIGGER)


def take_history() -> list[tuple[int, State, State]]:
    """The changes since the last call: which delivery, from which state to which."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM state_history RETURNING n, delivery, before, after")
        rows = sorted(cursor.fetchall())
    return [(delivery, State(before), State(after)) for _, delivery, before, after in rows]


def legal(before: State, after: State) -> bool:
    """Whether the table of states allows it: a step of the engine's, or what a report proves."""
    return may_follow(before, after) or after_report(before, after) == after
