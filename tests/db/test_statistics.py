"""The numbers of the database on old and new servers, for owners with and without all rights."""

import pytest

from . import cluster as clusters
from . import versions
from .cluster import Cluster
from .files import INSTALL

STATEMENTS = "select count(*) > 0 from app.slow_statements(200) where statement ~ 'planted'"


@pytest.mark.parametrize("major", [12, 18], ids=lambda m: f"pg{m}")
def test_the_owner_sees_the_numbers_and_a_plain_owner_is_told_what_is_hidden(
    major: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(clusters.SETTINGS, "shared_preload_libraries", "pg_stat_statements")
    try:
        server = Cluster(major)
    except versions.UnavailableError as reason:
        pytest.skip(str(reason))
    try:
        server.start()
        server.psql("postgres", "create role plain_owner login createrole nosuperuser")
        for owner, state in (("plain_owner", "hidden"), ("postgres", "ready")):
            name = server.create(f"of_{owner}", owner=owner)
            if major == 12:  # which only a superuser gives what gen_random_uuid() needs
                server.psql(name, "create extension pgcrypto")
            server.run_files(name, INSTALL, user=owner)
            ask = "select app.statements_state()"
            assert server.psql(name, ask, user=owner) == "missing"
            server.psql(name, "create extension pg_stat_statements")
            server.psql(name, "select 1 as planted")
            assert server.psql(name, ask, user=owner) == state
            found = server.psql(name, STATEMENTS, user=owner)
            assert found == ("t" if state == "ready" else "f")
            numbers = (
                "select bytes > 0 and connections > 0 from app.server_statistics()"
                " union all select count(*) > 15 from app.table_statistics()"
                " union all select count(*) > 100 from app.index_statistics()"
            )
            assert server.psql(name, numbers, user=owner).split() == ["t", "t", "t"]
            nobody = f"set role authenticated; {ask}"
            assert server.psql(name, nobody, user="crm_app") == ""
    finally:
        server.stop()
