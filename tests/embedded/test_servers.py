"""PostgreSQL and Redis from the wheels: started, shared, stopped, and recovered after kill -9."""

import json
import os
import signal
import sys
from pathlib import Path

import psycopg2
import pytest
import redis

from tests.embedded.runs import belonging_to, embedded, kill_everything, running, until

SHOW = "import os; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'])"


def addresses(data: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((data / "run" / "servers.json").read_text())
    return found


def execute(url: str, statement: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []
    finally:
        connection.close()


def test_a_command_gets_both_servers_and_they_end_with_it(tmp_path: Path) -> None:
    done = embedded("exec", "--", sys.executable, "-c", SHOW, data=tmp_path)
    assert done.returncode == 0, done.stderr
    database_url, redis_url = done.stdout.split()
    assert database_url.startswith("postgresql://omnichannel:")
    assert redis_url.startswith("redis://:")
    assert belonging_to(tmp_path) == []


def test_the_exit_code_of_the_command_is_handed_on(tmp_path: Path) -> None:
    assert embedded("exec", "--", "sh", "-c", "exit 7", data=tmp_path).returncode == 7


def test_the_engine_is_as_promised(tmp_path: Path) -> None:
    with running("servers", data=tmp_path) as run:
        run.wait_for("REDIS_URL")
        url = addresses(tmp_path)["DATABASE_URL"]
        assert execute(url, "SHOW fsync") == [("on",)]
        assert execute(url, "SHOW synchronous_commit") == [("on",)]
        assert execute(url, "SHOW listen_addresses") == [("127.0.0.1",)]
        assert execute(url, "SHOW server_version_num")[0][0] >= "180000"  # type: ignore[operator]
        assert execute(url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == [
            (False,)
        ]
        for name in ("pg_trgm", "unaccent", "citext", "btree_gin"):
            execute(url, f"CREATE EXTENSION {name}")


def test_without_the_password_nobody_gets_in(tmp_path: Path) -> None:
    with running("servers", data=tmp_path) as run:
        run.wait_for("REDIS_URL")
        urls = addresses(tmp_path)
        host = urls["DATABASE_URL"].rsplit("@", 1)[1]
        for role in ("omnichannel", "postgres"):
            with pytest.raises(psycopg2.OperationalError, match="password"):
                psycopg2.connect(f"postgresql://{role}:wrong@{host}")
        client = redis.Redis.from_url("redis://" + urls["REDIS_URL"].rsplit("@", 1)[1])
        with client, pytest.raises(redis.AuthenticationError):
            client.ping()


def test_secrets_are_private_and_stay_the_same(tmp_path: Path) -> None:
    show = ["exec", "--", sys.executable, "-c", "import os; print(os.environ['SECRET_KEY'])"]
    first, second = (embedded(*show, data=tmp_path) for _ in range(2))
    assert first.stdout == second.stdout
    for name in ("secrets.json", "run/redis.conf", "run/postgres.ready"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0, name


def test_a_second_command_uses_the_running_servers(tmp_path: Path) -> None:
    with running("servers", data=tmp_path) as run:
        run.wait_for("REDIS_URL")
        done = embedded("exec", "--", sys.executable, "-c", SHOW, data=tmp_path)
        assert done.stdout.split() == list(addresses(tmp_path).values())
        assert execute(addresses(tmp_path)["DATABASE_URL"], "SELECT 1") == [(1,)]


def test_whoever_started_the_servers_waits_for_the_others(tmp_path: Path) -> None:
    wait = (
        "import sys, time, pathlib\nwhile not pathlib.Path(sys.argv[1]).exists(): time.sleep(.05)"
    )
    flags = [tmp_path / "first", tmp_path / "second"]
    command = ["exec", "--", sys.executable, "-c", wait]
    with running(*command, str(flags[0]), data=tmp_path) as owner:
        until(lambda: (tmp_path / "run" / "servers.json").exists(), 60)
        with running(*command, str(flags[1]), data=tmp_path) as user:
            until(lambda: str(flags[1]) in str([p.cmdline() for p in belonging_to(tmp_path)]))
            until(lambda: sum(p.cmdline()[1:2] == ["-c"] for p in belonging_to(tmp_path)) == 2)
            flags[0].touch()
            owner.wait_for("still in use")
            assert execute(addresses(tmp_path)["DATABASE_URL"], "SELECT 1") == [(1,)]
            flags[1].touch()
            assert user.end() == 0
            assert owner.end() == 0
    assert belonging_to(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_them_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with running("servers", data=tmp_path) as run:
        run.wait_for("REDIS_URL")
        run.signal(number)
        assert run.end() == 0
        assert belonging_to(tmp_path) == []
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()
    log = (tmp_path / "log" / "postgres.log").read_text()
    assert "database system is shut down" in log


def test_nothing_outlives_a_killed_owner_and_nothing_is_lost(tmp_path: Path) -> None:
    with running("servers", data=tmp_path) as run:
        run.wait_for("REDIS_URL")
        execute(addresses(tmp_path)["DATABASE_URL"], "CREATE TABLE kept AS SELECT 42 AS answer")
        run.signal(signal.SIGKILL)
        run.end()
        # At once, while the old servers may still be on their way out.
        with running("servers", data=tmp_path) as again:
            again.wait_for("REDIS_URL")
            url = addresses(tmp_path)["DATABASE_URL"]
            assert execute(url, "SELECT answer FROM kept") == [(42,)]
            again.signal(signal.SIGKILL)
            again.end()
        until(lambda: not belonging_to(tmp_path))


def test_kill_9_of_everything_needs_no_repair(tmp_path: Path) -> None:
    with running("servers", data=tmp_path) as run:
        run.wait_for("REDIS_URL")
        execute(addresses(tmp_path)["DATABASE_URL"], "CREATE TABLE kept AS SELECT 42 AS answer")
        kill_everything(tmp_path)
        run.end()
    assert (tmp_path / "postgres" / "postmaster.pid").exists()
    with running("servers", data=tmp_path) as again:
        again.wait_for("REDIS_URL")
        url = addresses(tmp_path)["DATABASE_URL"]
        assert execute(url, "SELECT answer FROM kept") == [(42,)]


def test_a_pid_file_that_names_a_stranger_is_no_obstacle(tmp_path: Path) -> None:
    assert embedded("exec", "--", "true", data=tmp_path).returncode == 0
    pid_file = tmp_path / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{tmp_path / 'postgres'}\n1\n5432\n\n127.0.0.1\n")
    owner = (tmp_path / "postgres").stat()
    os.chown(pid_file, owner.st_uid, -1)
    done = embedded("exec", "--", "true", data=tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_first_start_that_was_interrupted_is_begun_anew(tmp_path: Path) -> None:
    half = tmp_path / "postgres" / "base" / "1"
    half.mkdir(parents=True)
    (half / "1234").write_text("half")
    done = embedded("exec", "--", sys.executable, "-c", SHOW, data=tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_deep_path_is_no_obstacle(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-folder-with-a-long-name"] * 6)
    assert len(str(deep)) > 150
    done = embedded("exec", "--", sys.executable, "-c", SHOW, data=deep)
    assert done.returncode == 0, done.stderr


def test_given_servers_are_used_and_none_is_started(tmp_path: Path) -> None:
    given = {"DATABASE_URL": "postgresql://u:p@db.example/x", "REDIS_URL": "redis://r.example/1"}
    done = embedded("exec", "--", sys.executable, "-c", SHOW, data=tmp_path, **given)
    assert done.stdout.split() == list(given.values())
    assert not (tmp_path / "postgres").exists()
    assert not (tmp_path / "run" / "servers.json").exists()


def test_one_given_server_replaces_only_its_like(tmp_path: Path) -> None:
    done = embedded(
        *("exec", "--", sys.executable, "-c", SHOW),
        data=tmp_path,
        DATABASE_URL="postgresql://u:p@db.example/x",
    )
    database_url, redis_url = done.stdout.split()
    assert database_url == "postgresql://u:p@db.example/x"
    assert "127.0.0.1" in redis_url
    assert not (tmp_path / "postgres").exists()
