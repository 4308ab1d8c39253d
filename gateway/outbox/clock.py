"""What time it is for the outbox: the database's time, the same for every worker."""

from datetime import datetime

from django.db import connection


def database_now() -> datetime:
    """The database's clock at this moment, in UTC."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    moment: datetime = now
    return moment
