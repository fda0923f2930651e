"""The health of a database: each finding says how bad it is and what to do."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from crm import schema
from crm.database import connect
from crm.database.doctor_queries import (
    APP_LOGIN,
    COUNTERS,
    EXPOSED_TABLES,
    EXPOSED_VIEWS,
    INVALID_INDEXES,
    LOOSE_VIEWS,
    MISSING_FK_INDEXES,
    ROLES,
    SERVER,
    TABLES_WITHOUT_POLICY,
    UNUSED_INDEXES,
    UNVALIDATED,
    UPKEEP,
)
from crm.db import Connection

SUPPORTED_UNTIL = 15  # PostgreSQL 14 gets no fixes since November 2026


@dataclass(frozen=True, slots=True)
class Finding:
    """`severity` is "ok", "note", "warning" or "error"; only an error makes the doctor fail."""

    severity: str
    subject: str
    text: str
    advice: str = ""


Check = Callable[[Connection], Awaitable[list[Finding]]]


async def examine(admin_dsn: str, app_dsn: str, *, production: bool) -> list[Finding]:
    """Every finding, in the order of the checks; a check without trouble gives one "ok"."""
    findings: list[Finding] = []
    async with connect(admin_dsn) as connection:
        findings += await _files(admin_dsn)
        if any(finding.severity == "error" for finding in findings):
            return findings
        findings += await look(connection)
    async with connect(app_dsn) as connection:
        findings += await app_login(connection, production=production)
    return findings


async def look(connection: Connection, conversations: int = 1000) -> list[Finding]:
    """The findings of every check of the database itself, as the owner or an administrator.

    `conversations`: how many of them are counted again.
    """
    findings = [finding for check in CHECKS for finding in await check(connection)]
    return [*findings, *await counters(connection, conversations)]


async def server(connection: Connection) -> list[Finding]:
    """Version and settings that cost data or years."""
    row = await connection.fetchrow(SERVER)
    assert row is not None
    major = row["version"] // 10000
    found = []
    if major < SUPPORTED_UNTIL:
        found.append(_warn("version", f"PostgreSQL {major} gets no more fixes", "upgrade it"))
    if row["fsync"] != "on":
        found.append(_error("fsync", "fsync is off: a power cut loses data", "set fsync = on"))
    if row["autovacuum"] != "on":
        found.append(_warn("autovacuum", "autovacuum is off", "set autovacuum = on"))
    if row["age"] > 1_000_000_000:
        advice = "crm db maintain; see why autovacuum does not finish"
        found.append(_error("wraparound", f"oldest transaction is {row['age']:,} old", advice))
    return found or [_ok("server", f"PostgreSQL {row['text']}")]


async def extensions(connection: Connection) -> list[Finding]:
    """Extensions which the program profits from."""
    rows = await connection.fetch("select extname from pg_extension")
    known = {row["extname"] for row in rows}
    found = []
    if "pg_trgm" not in known:
        text = "pg_trgm is missing: search inside names and numbers reads whole tables"
        found.append(_warn("extensions", text, "create extension pg_trgm; crm db upgrade"))
    if "pg_stat_statements" not in known:
        text = "pg_stat_statements is missing: crm db stats cannot name slow queries"
        found.append(Finding("note", "extensions", text, "add it to shared_preload_libraries"))
    return found or [_ok("extensions", "pg_trgm and pg_stat_statements are there")]


async def roles(connection: Connection) -> list[Finding]:
    """The roles which policies and grants name."""
    missing = [row["name"] for row in await connection.fetch(ROLES)]
    if missing:
        return [_error("roles", f"missing: {', '.join(missing)}", "crm db upgrade as a superuser")]
    return [_ok("roles", "anon, authenticated and service_role are there")]


async def row_security(connection: Connection) -> list[Finding]:
    """Tables and views that show rows to people who may not see them."""
    found = []
    for row in await connection.fetch(EXPOSED_TABLES):
        advice = f"alter table {row['name']} enable row level security"
        found.append(_error("row security", f"{row['name']} has none", advice))
    for row in await connection.fetch(TABLES_WITHOUT_POLICY):
        text = f"{row['name']} has no policy: nobody but its owner sees a row"
        found.append(_warn("row security", text, "crm db upgrade, or add a policy"))
    modern = connection.get_server_version().major >= 15
    for row in await connection.fetch(LOOSE_VIEWS if modern else EXPOSED_VIEWS):
        text = f"view {row['name']} shows what its owner sees"
        found.append(_error("views", text, "crm db upgrade"))
    return found or [_ok("row security", "on for every table, and the views obey it")]


async def indexes(connection: Connection) -> list[Finding]:
    """Indexes that are missing, broken, or paid for and not used."""
    found = []
    for row in await connection.fetch(INVALID_INDEXES):
        advice = f"reindex index concurrently {row['name']}"
        found.append(_error("indexes", f"{row['name']} is invalid and not used", advice))
    for row in await connection.fetch(MISSING_FK_INDEXES):
        text = f"{row['table']} ({row['columns']}) refers to {row['target']} without an index"
        advice = f"create index concurrently on {row['table']} ({row['columns']})"
        found.append(_warn("indexes", text, advice))
    for row in await connection.fetch(UNUSED_INDEXES):
        text = f"{row['name']} ({row['size']}) was never used since {row['since']:%Y-%m-%d}"
        found.append(Finding("note", "indexes", text, "drop it if that stays so"))
    return found or [_ok("indexes", "all valid, every foreign key has one")]


async def constraints(connection: Connection) -> list[Finding]:
    """Constraints which old rows may break."""
    rows = await connection.fetch(UNVALIDATED)
    return [
        _warn(
            "constraints",
            f"{row['name']} of {row['table']} was never checked against the rows that were there",
            f"alter table {row['table']} validate constraint {row['name']}",
        )
        for row in rows
    ] or [_ok("constraints", "all validated")]


async def counters(connection: Connection, sample: int) -> list[Finding]:
    """Counts of some conversations, compared with their messages, calls and e-mails."""
    row = await connection.fetchrow(COUNTERS, sample)
    assert row is not None
    if row["wrong"]:
        text = f"{row['wrong']} of {row['looked_at']} conversations count wrong"
        advice = "select refresh_conversation_stats()"
        return [_error("conversations", text, advice)]
    return [_ok("conversations", f"{row['looked_at']} looked at, all count right")]


async def upkeep(connection: Connection) -> list[Finding]:
    """Tasks that return each minute: those that fail, and a program that does not run them."""
    found = []
    newest = None
    for row in await connection.fetch(UPKEEP):
        newest = max(filter(None, (newest, row["succeeded_at"])), default=None)
        if row["error"]:
            text = f"{row['name']} fails since {row['since']}: {row['error']}"
            found.append(_warn("upkeep", text, "crm db upkeep"))
    if not found and newest is None:
        return [Finding("note", "upkeep", "it has not run yet", "crm serve does it each minute")]
    return found or [_ok("upkeep", f"every task went well, the last at {newest:%Y-%m-%d %H:%M}")]


async def app_login(connection: Connection, *, production: bool) -> list[Finding]:
    """The program's own login: it must not be above the policies."""
    row = await connection.fetchrow(APP_LOGIN)
    assert row is not None
    if row["rolsuper"] or row["rolbypassrls"]:
        text = f"the program logs in as {row['rolname']}, whom row level security does not bind"
        finding = _error if production else _warn
        return [finding("login", text, "let CRM_DATABASE_URL log in as crm_app")]
    if not row["is_member"]:
        advice = f"grant authenticated to {row['rolname']}"
        return [_error("login", f"{row['rolname']} cannot become authenticated", advice)]
    return [_ok("login", f"the program is {row['rolname']}, bound by row level security")]


CHECKS: tuple[Check, ...] = (
    server,
    extensions,
    roles,
    row_security,
    indexes,
    constraints,
    upkeep,
)


async def _files(admin_dsn: str) -> list[Finding]:
    states = await schema.status(admin_dsn)
    behind = [
        state.path for state in states if state.state != "applied" and state.path != schema.SEED
    ]
    if len(behind) >= len(states) - 1:
        return [_error("schema", "this database has not been set up", "crm db upgrade")]
    return [files(behind, len(states))]


def files(behind: list[str], number: int) -> Finding:
    """Whether the database has seen the files of db/ as they are, but for those named."""
    if behind:
        return _warn("schema", f"not as in db/: {', '.join(behind)}", "crm db upgrade")
    return _ok("schema", f"{number} files, all applied")


def _ok(subject: str, text: str) -> Finding:
    return Finding("ok", subject, text)


def _warn(subject: str, text: str, advice: str) -> Finding:
    return Finding("warning", subject, text, advice)


def _error(subject: str, text: str, advice: str) -> Finding:
    return Finding("error", subject, text, advice)
