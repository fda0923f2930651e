"""Who sees and who changes what: by role, and under both rules of visibility."""

from uuid import UUID

import asyncpg
import pytest

from .files import TABLES, VIEWS
from .people import STRANGER, acting_as, seen_of, set_visibility, totals, visible, workspace
from .rows import change, insert, message, refused, thread

NOT_OF_A_CONTACT = ["tags", "assistants", "phone_numbers"]
EVERYTHING = [*TABLES, *VIEWS, "app.users", "app.settings"]
RULES = pytest.mark.parametrize("rule", ["team", "assigned"])
NO_RIGHT = asyncpg.InsufficientPrivilegeError


@RULES
@pytest.mark.parametrize("who", ["a stranger", "nobody at all", "somebody who left"])
async def test_an_outsider_sees_no_row_of_any_table_or_view(
    conn: asyncpg.Connection, who: str, rule: str
) -> None:
    made = await workspace(conn)
    await set_visibility(conn, rule)
    people = {"a stranger": STRANGER, "nobody at all": None, "somebody who left": "inactive"}
    user = people[who] if who != "somebody who left" else made.users["inactive"]
    async with acting_as(conn, user if isinstance(user, UUID) else None):
        assert await seen_of(conn, EVERYTHING) == dict.fromkeys(EVERYTHING, 0)


async def test_a_session_without_any_claims_sees_nothing(conn: asyncpg.Connection) -> None:
    await workspace(conn)
    for claims in ("", "{}", '{"sub": ""}', '{"role": "authenticated"}'):
        await conn.execute("select set_config('request.jwt.claims', $1, true)", claims)
        await conn.execute("set local role authenticated")
        assert await seen_of(conn, [*TABLES, *VIEWS]) == dict.fromkeys([*TABLES, *VIEWS], 0)
        await conn.execute("reset role")


@pytest.mark.parametrize("member", ["owner", "admin", "manager", "mei", "viewer"])
async def test_a_team_sees_everything_of_everybody(conn: asyncpg.Connection, member: str) -> None:
    made = await workspace(conn)
    everything = await totals(conn)
    assert min(everything.values()) >= 3
    async with acting_as(conn, made.users[member]):
        assert await seen_of(conn, TABLES) == everything
        seen = await seen_of(conn, VIEWS)
    assert seen == {"contact_summary": 3, "deal_pipeline": 3, "activity_dashboard": 3}


async def test_an_agent_sees_only_their_own_and_unassigned_contacts_and_what_hangs_on_them(
    conn: asyncpg.Connection,
) -> None:
    made = await workspace(conn)
    await set_visibility(conn, "assigned")
    everything = await totals(conn)
    expected = {t: n if t in NOT_OF_A_CONTACT else n * 2 // 3 for t, n in everything.items()}
    async with acting_as(conn, made.users["mei"]):
        assert await seen_of(conn, TABLES) == expected
        assert await seen_of(conn, VIEWS) == dict.fromkeys(VIEWS, 2)
        names = await conn.fetch("select first_name from contacts order by 1")
        assert [row[0] for row in names] == ["mei", "none"]
        theirs = made.contacts["tariq"]
        assert await conn.fetchval("select calculate_contact_score($1)", theirs) is None
        assert await conn.fetchval("select get_contact_tags($1)", theirs) == []


@pytest.mark.parametrize("member", ["owner", "admin", "manager", "viewer"])
async def test_the_rule_of_assignment_binds_agents_only(
    conn: asyncpg.Connection, member: str
) -> None:
    made = await workspace(conn)
    await set_visibility(conn, "assigned")
    everything = await totals(conn)
    async with acting_as(conn, made.users[member]):
        assert await seen_of(conn, TABLES) == everything


async def test_a_handed_over_contact_leaves_with_everything(conn: asyncpg.Connection) -> None:
    made = await workspace(conn)
    await set_visibility(conn, "assigned")
    await change(conn, "contacts", made.contacts["mei"], assigned_to=made.users["tariq"])
    async with acting_as(conn, made.users["mei"]):
        assert await visible(conn, "messages") == 1
    async with acting_as(conn, made.users["tariq"]):
        assert await visible(conn, "messages") == 3


async def affected(conn: asyncpg.Connection, sql: str) -> int:
    """Rows that the acting person changed; 0 when the statement was refused outright."""
    try:
        async with conn.transaction():
            return int((await conn.execute(sql)).split()[-1])
    except NO_RIGHT:
        return 0


@pytest.mark.parametrize("table", TABLES)
async def test_a_viewer_changes_and_deletes_nothing(conn: asyncpg.Connection, table: str) -> None:
    made = await workspace(conn)
    async with acting_as(conn, made.users["viewer"]):
        assert await affected(conn, f"update {table} set created_at = created_at") == 0
        assert await affected(conn, f"delete from {table}") == 0
        async with refused(conn, NO_RIGHT):
            await conn.execute(f"insert into {table} select * from {table}")


@pytest.mark.parametrize("table", [t for t in TABLES if t != "deal_stage_history"])
async def test_a_manager_changes_and_deletes_everything_but_our_numbers_and_assistants(
    conn: asyncpg.Connection, table: str
) -> None:
    made = await workspace(conn)
    async with acting_as(conn, made.users["manager"]):
        changed = await affected(conn, f"update {table} set created_at = created_at")
        assert (changed > 0) == (table not in ("assistants", "phone_numbers"))
        if changed:
            assert await affected(conn, f"delete from {table}") == changed


@pytest.mark.parametrize("table", [t for t in TABLES if t != "deal_stage_history"])
async def test_an_owner_changes_and_deletes_everything(
    conn: asyncpg.Connection, table: str
) -> None:
    made = await workspace(conn)
    async with acting_as(conn, made.users["owner"]):
        changed = await affected(conn, f"update {table} set created_at = created_at")
        assert changed >= 3
        assert await affected(conn, f"delete from {table}") == changed


async def test_nobody_rewrites_the_history_of_a_deal(conn: asyncpg.Connection) -> None:
    made = await workspace(conn)
    for member in made.users.values():
        async with acting_as(conn, member):
            sql = "update deal_stage_history set new_stage = 'lead'"
            assert await affected(conn, sql) == 0
            assert await affected(conn, "delete from deal_stage_history") == 0
            async with refused(conn, NO_RIGHT):
                await conn.execute(
                    "insert into deal_stage_history (deal_id, new_stage) "
                    "values (gen_random_uuid(), 'lead')"
                )


async def test_an_agent_writes_but_deletes_only_their_own_activities_and_tags(
    conn: asyncpg.Connection,
) -> None:
    made = await workspace(conn)
    mei = made.users["mei"]
    await conn.execute(
        "update activities set assigned_to = $1, created_by = $1 where contact_id = $2",
        mei,
        made.contacts["none"],
    )
    writable = [
        "contacts",
        "messages",
        "calls",
        "emails",
        "activities",
        "deals",
        "documents",
        "conversations",
        "tags",
        "contact_tags",
        "deal_tags",
    ]
    kept = [
        "contacts",
        "messages",
        "calls",
        "emails",
        "deals",
        "documents",
        "conversations",
        "tags",
        "vapi_calls",
    ]
    async with acting_as(conn, mei):
        for table in writable:
            assert await affected(conn, f"update {table} set created_at = created_at") >= 3, table
        for table in ("assistants", "phone_numbers", "vapi_calls"):
            assert await affected(conn, f"update {table} set created_at = created_at") == 0, table
        for table in kept:
            assert await affected(conn, f"delete from {table}") == 0, table
        assert await affected(conn, "delete from activities") == 1


async def test_an_agent_cannot_touch_what_they_do_not_see(conn: asyncpg.Connection) -> None:
    made = await workspace(conn)
    await set_visibility(conn, "assigned")
    theirs = made.contacts["tariq"]
    async with acting_as(conn, made.users["mei"]):
        assert await affected(conn, "update messages set content = 'mine'") == 2
        assert await affected(conn, f"update contacts set city = 'x' where id = '{theirs}'") == 0
        async with refused(conn, NO_RIGHT):
            await message(conn, theirs)
        async with refused(conn, NO_RIGHT):
            await insert(conn, "deals", contact_id=theirs, name="stolen", stage="lead")
        mine = made.contacts["mei"]
        async with refused(conn, NO_RIGHT):  # nor move a row of hers over to his contact
            await conn.execute(
                "update messages set contact_id = $1 where contact_id = $2", theirs, mine
            )


async def test_an_agent_cannot_file_an_entry_in_somebody_elses_thread(
    conn: asyncpg.Connection,
) -> None:
    made = await workspace(conn)
    await set_visibility(conn, "assigned")
    mine, theirs = made.contacts["mei"], made.contacts["tariq"]
    sms = "select {} from conversations where contact_id = $1 and channel = 'sms'"
    their_thread = await conn.fetchval(sms.format("id"), theirs)
    async with acting_as(conn, made.users["mei"]):
        async with refused(conn, NO_RIGHT):
            await message(conn, mine, conversation_id=their_thread, content="seen by him")
        async with refused(conn, NO_RIGHT):
            await conn.execute(
                "update messages set conversation_id = $1 where contact_id = $2", their_thread, mine
            )
    assert await conn.fetchval(sms.format("message_count"), theirs) == 1


async def test_a_members_message_is_counted_and_a_members_deal_logged(
    conn: asyncpg.Connection,
) -> None:
    made = await workspace(conn)
    person = made.contacts["mei"]
    async with acting_as(conn, made.users["mei"]):
        fresh = await insert(conn, "contacts", first_name="New")
        await message(conn, fresh)
        assert (await thread(conn, fresh))["message_count"] == 1
        row = await insert(conn, "deals", contact_id=person, name="x", stage="lead")
        await change(conn, "deals", row, stage="proposal")
        sql = "select changed_by from deal_stage_history where deal_id = $1"
        assert [line[0] for line in await conn.fetch(sql, row)] == [made.users["mei"]] * 2


async def test_repairs_and_sweeps_are_not_for_members(conn: asyncpg.Connection) -> None:
    made = await workspace(conn)
    async with acting_as(conn, made.users["viewer"]):
        async with refused(conn, NO_RIGHT):
            await conn.execute("select refresh_conversation_stats('{}'::uuid[])")
        async with refused(conn, NO_RIGHT):
            await conn.execute("select mark_overdue_activities()")


async def test_a_stranger_gets_nothing_out_of_the_functions(conn: asyncpg.Connection) -> None:
    made = await workspace(conn)
    person = made.contacts["none"]
    async with acting_as(conn, STRANGER):
        assert await conn.fetchval("select app.caller_role()") is None
        assert await conn.fetchval("select calculate_contact_score($1)", person) is None
        assert await conn.fetchval("select get_contact_tags($1)", person) == []
        rows = await conn.fetch("select * from explain_contact_score($1)", person)
        assert sum(row["points"] for row in rows) == 0


async def test_a_made_up_role_in_the_claims_is_worth_nothing(conn: asyncpg.Connection) -> None:
    await workspace(conn)
    claims = f'{{"sub": "{STRANGER}", "role": "owner", "user_role": "owner"}}'
    await conn.execute("select set_config('request.jwt.claims', $1, true)", claims)
    await conn.execute("set local role authenticated")
    assert await visible(conn, "contacts") == 0


@pytest.mark.parametrize("relation", [*TABLES, *VIEWS])
async def test_the_programs_login_alone_reads_nothing(
    conn: asyncpg.Connection, relation: str
) -> None:
    await workspace(conn)
    await conn.execute("set local role crm_app")
    async with refused(conn, NO_RIGHT):
        await conn.execute(f"select from {relation}")


async def test_the_programs_login_has_no_power_of_its_own(conn: asyncpg.Connection) -> None:
    sql = """
        select rolcanlogin, rolsuper, rolbypassrls, rolinherit, rolcreatedb, rolcreaterole
        from pg_roles where rolname = 'crm_app'
    """
    assert tuple(await conn.fetchrow(sql) or ()) == (True, False, False, False, False, False)
