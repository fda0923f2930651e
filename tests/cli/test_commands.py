"""Every command answers with what was asked for, or with one line and exit code 1."""

from pathlib import Path

import pytest


@pytest.fixture(scope="module", autouse=True)
def _set_up(place: Path):
    """The embedded database stays up while the module runs: each command only joins it."""
    from crm.embedded import running

    with running(place / "var"):
        yield


def test_upgrade_then_status_then_upgrade(crm):
    first = crm("db", "upgrade", "--seed")
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines()[0] == "schema/001_create_contacts_table.sql"
    status = crm("db", "status").stdout.splitlines()
    assert [line for line in status[1:] if " applied " not in line] == []
    assert crm("db", "upgrade").stdout == "Already up to date\n"


def test_a_user_is_added_once_and_with_a_proper_password(crm):
    add = ("user", "add", "Mia@example.test", "--name", "Mia Moss", "--role", "manager")
    short = crm(*add, given="short\n")
    assert (short.returncode, short.stderr) == (
        1,
        "crm: the password needs at least 10 characters\n",
    )
    assert crm(*add, given="a long enough one\n").stdout == (
        "Mia@example.test can sign in now, as manager\n"
    )
    again = crm(*add, "--password", "a long enough one")
    assert (again.returncode, again.stderr) == (1, "crm: Mia@example.test is already a user\n")
    wrong = crm("user", "add", "x@example.test", "--role", "king", given="a long enough one\n")
    assert wrong.returncode == 2
    row = crm(
        "db", "psql", "-At", "-c", "select name, role from app.users where email ilike 'mia@%'"
    )
    assert row.stdout == "Mia Moss|manager\n"


def test_doctor_stats_and_maintain_speak(crm):
    crm("db", "upgrade")
    doctor = crm("db", "doctor")
    assert doctor.returncode == 0, doctor.stdout
    assert "every foreign key has one" in doctor.stdout
    stats = crm("db", "stats")
    assert stats.returncode == 0, stats.stderr
    for word in ("contacts_pkey", "Statements by total time", "conversations"):
        assert word in stats.stdout
    maintain = crm("db", "maintain")
    assert (maintain.returncode, maintain.stdout) == (0, "0 bloated indexes rebuilt\n")


def test_the_doctor_fails_when_the_program_is_a_superuser_in_production(crm, place: Path):
    from crm.embedded import running

    crm("db", "upgrade")
    with running(place / "var") as server:
        doctor = crm(
            "db", "doctor", CRM_DATABASE_URL=server.admin_dsn, CRM_ENVIRONMENT="production"
        )
    assert doctor.returncode == 1
    assert "the program logs in as postgres" in doctor.stdout


def test_backup_verify_reset_restore(crm, place: Path):
    crm("db", "upgrade", "--seed")
    count = ("db", "psql", "-At", "-c", "select count(*) from contacts")
    before = crm(*count).stdout
    assert "25 tables" in crm("db", "backup", "book.dump").stdout or (place / "book.dump").exists()
    proved = crm("db", "restore", "book.dump", "--verify")
    assert (proved.returncode, proved.stdout) == (
        0,
        "book.dump can be restored: every table equals the manifest written with it\n",
    )
    assert crm("db", "reset", given="n\n").returncode == 1
    assert crm("db", "reset", "--yes").stdout.startswith("An empty database, ")
    assert crm(*count).stdout == "0\n"
    restored = crm("db", "restore", "book.dump")
    assert restored.stdout == "book.dump is restored\n", restored.stderr
    assert crm(*count).stdout == before
    (place / "book.dump.json").unlink()
    crm(
        "db",
        "psql",
        "-c",
        "update contacts set city = 'Elsewhere' where id in (select id from contacts limit 1)",
    )
    changed = crm("db", "restore", "book.dump", "--verify")
    assert changed.returncode == 1
    assert (
        "differs public.contacts: same number of rows, but their contents differ" in changed.stdout
    )


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("postgresql://crm:s3cret@127.0.0.1:1/crm", "nobody listens there (connection refused)"),
        (
            "postgresql://crm:s3cret@nowhere.invalid/crm",
            "cannot use PostgreSQL at nowhere.invalid/crm",
        ),
        ("mysql://crm:s3cret@127.0.0.1/crm", "invalid DSN: scheme is expected to be"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_line(crm, url: str, line: str):
    refused = crm("serve", "--port", "0", CRM_DATABASE_URL=url)
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.startswith("crm: ")
    assert refused.stderr.count("\n") == 1
    assert line in refused.stderr
    assert "s3cret" not in refused.stderr


def test_a_bad_setting_is_one_line_that_names_it(crm):
    refused = crm("db", "status", CRM_PORT="80000")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert refused.stderr.startswith("crm: CRM_PORT: ")


def test_help_lists_every_command(crm):
    assert all(word in crm("--help").stdout for word in ("serve", "demo", "import", "user", "db"))
    names = (
        "upgrade",
        "status",
        "psql",
        "reset",
        "doctor",
        "stats",
        "maintain",
        "backup",
        "restore",
    )
    text = crm("db", "--help").stdout
    assert [name for name in names if name not in text] == []
