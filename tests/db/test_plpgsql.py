"""plpgsql_check reads every function as the compiler would, and squawk every file of db/."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .cluster import Cluster
from .conftest import template
from .files import DB
from .versions import PROJECT

DEBIAN_15 = Path("/usr/lib/postgresql/15")
EXTENSION = Path("/usr/share/postgresql/15/extension/plpgsql_check.control")
FINDINGS = """
    select p.oid::regprocedure, coalesce(t.tgrelid::regclass::text, '-') as fires_on,
           c.level, c.lineno, c.message, c.detail
    from pg_proc p
    join pg_language l on l.oid = p.prolang and l.lanname = 'plpgsql'
    left join pg_trigger t on t.tgfoid = p.oid and not t.tgisinternal
    cross join lateral plpgsql_check_function_tb(
        p.oid, coalesce(t.tgrelid, 0), oldtable => t.tgoldtable, newtable => t.tgnewtable,
        security_warnings => true) c
    where p.pronamespace in ('public'::regnamespace, to_regnamespace('app'))
      and (t.oid is not null or p.prorettype <> 'trigger'::regtype)
"""
WITHOUT_TRIGGER = """
    select p.oid::regprocedure from pg_proc p
    where p.pronamespace in ('public'::regnamespace, to_regnamespace('app'))
      and p.prorettype = 'trigger'::regtype
      and not exists (select from pg_trigger where tgfoid = p.oid)
"""


def install_checker() -> None:
    """Only on a CI machine that we own; elsewhere the test says what is missing."""
    if not EXTENSION.exists() and os.environ.get("CI") and os.geteuid() == 0:
        command = ["apt-get", "install", "-y", "-q", "postgresql-15-plpgsql-check"]
        subprocess.run(command, check=False, capture_output=True)


@pytest.fixture(scope="module")
def debian_15() -> Iterator[Cluster]:
    install_checker()
    if not (DEBIAN_15 / "bin" / "postgres").exists() or not EXTENSION.exists():
        pytest.skip("Debian's postgresql-15 with postgresql-15-plpgsql-check is not installed")
    cluster = Cluster(15, DEBIAN_15)
    try:
        cluster.start()
        template(cluster)
        cluster.psql(
            "installed", "create schema checks; create extension plpgsql_check schema checks"
        )
        yield cluster
    finally:
        cluster.stop()


def test_plpgsql_check_finds_nothing_in_any_function(debian_15: Cluster) -> None:
    sql = f"set search_path = public, checks; {FINDINGS}"
    assert debian_15.psql("installed", sql) == ""


def test_plpgsql_check_would_find_a_mistake(debian_15: Cluster) -> None:
    broken = """
        create function public.broken() returns integer language plpgsql
        as $$ begin return (select no_such_column from contacts); end $$
    """
    debian_15.psql("installed", broken)
    found = debian_15.psql("installed", f"set search_path = public, checks; {FINDINGS}")
    debian_15.psql("installed", "drop function public.broken()")
    assert "no_such_column" in found


def test_every_trigger_function_has_a_trigger(debian_15: Cluster) -> None:
    assert debian_15.psql("installed", WITHOUT_TRIGGER) == ""


def test_squawk_finds_nothing_in_any_file() -> None:
    squawk = Path(sys.executable).parent / "squawk"
    excluded = "require-concurrent-index-creation,prefer-text-field,prefer-bigint-over-int"
    timeouts = "require-lock-timeout,require-statement-timeout"
    switches = ["--pg-version=12.0", "-e", f"{excluded},{timeouts}"]
    files = [str(file) for file in sorted(DB.rglob("*.sql"))]
    command = [str(squawk), *switches, *files]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:]
