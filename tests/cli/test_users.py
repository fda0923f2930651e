"""`crm user …`: people from the command line."""

import pytest


@pytest.fixture(scope="module", autouse=True)
def _set_up(place):
    """The embedded database stays up while the module runs: each command only joins it."""
    from crm.embedded import running

    with running(place / "var"):
        yield


@pytest.fixture
def people(crm) -> None:
    """Olga owns, Mia works."""
    if "olga@example.test" in crm("user", "list").stdout:
        return
    for email, role in (("olga@example.test", "owner"), ("mia@example.test", "agent")):
        added = crm("user", "add", email, "--role", role, given="seven purple walnuts\n")
        assert added.returncode == 0, added.stderr


@pytest.mark.usefixtures("people")
def test_people_are_listed_and_change_roles(crm):
    assert crm("user", "role", "Mia@example.test", "manager").stdout == (
        "Mia@example.test is manager now\n"
    )
    lines = crm("user", "list").stdout.splitlines()
    assert lines[0].split() == [
        "Email",
        "Name",
        "Role",
        "Active",
        "Second",
        "factor",
        "Last",
        "seen",
    ]
    assert [line.split() for line in lines[1:]] == [
        ["mia@example.test", "manager", "yes", "no"],
        ["olga@example.test", "owner", "yes", "no"],
    ]
    nobody = crm("user", "role", "nora@example.test", "agent")
    assert (nobody.returncode, nobody.stderr) == (
        1,
        "crm: nobody here has the address nora@example.test\n",
    )


@pytest.mark.usefixtures("people")
def test_a_new_password_is_good_and_signs_the_person_out(crm):
    weak = crm("user", "password", "mia@example.test", given="mia@example\n")
    assert weak.returncode == 1
    assert weak.stderr.startswith("crm: the password is too weak: This is")
    hashed = ("db", "psql", "-At", "-c", "select count(distinct hash) from app.passwords")
    session = (
        "insert into app.sessions (user_id, token_sha256, expires_at)"
        " select id, 'x', now() + interval '1 day' from app.users where email ilike 'mia@%'"
    )
    assert crm("db", "psql", "-c", session).returncode == 0
    done = crm("user", "password", "mia@example.test", given="nine orange pelicans\n")
    assert done.stdout == "mia@example.test has a new password, and is signed out everywhere\n"
    assert crm(*hashed).stdout == "2\n"
    left = crm("db", "psql", "-At", "-c", "select count(*) from app.sessions")
    assert left.stdout == "0\n"


@pytest.mark.usefixtures("people")
def test_the_last_owner_stays_and_others_can_be_made_inactive(crm):
    for command in (("deactivate", "olga@example.test"), ("role", "olga@example.test", "agent")):
        refused = crm("user", *command)
        assert refused.returncode == 1
        assert "needs an active owner" in refused.stderr
    out = crm("user", "deactivate", "mia@example.test")
    assert out.stdout == "mia@example.test is signed out and cannot sign in any more\n"
    assert crm("user", "reset-2fa", "mia@example.test").returncode == 0


@pytest.mark.usefixtures("people")
def test_a_token_is_printed_once(crm):
    made = crm(
        "user", "token", "olga@example.test", "--name", "Dialer", "--scopes",
        "contacts:write, tags:read", "--days", "30",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("crm_")
    shown = "select name, hint, scopes, expires_at::date - now()::date from app.api_tokens"
    row = crm("db", "psql", "-At", "-c", shown)
    assert row.stdout == f"Dialer|{made.stdout.strip()[-4:]}|{{contacts:write,tags:read}}|30\n"
    wrong = crm("user", "token", "olga@example.test", "--name", "x", "--scopes", "cats:write")
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("crm: no scope cats:write; there are activities:read")
