"""Django's PostgreSQL backend, without the query log that DEBUG would keep of every statement."""
