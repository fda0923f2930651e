"""The page: what its address says, where its marks lead, and who sees what on it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import pytest

from crm.dashboard import charts
from crm.dashboard.figures import amount, change, duration
from crm.dashboard.period import Span, presets, read
from crm.db import Identity
from crm.http import Problem
from tests.cast import ALICE, BOB
from tests.contacts.scene import PARTIAL, add, contact, page, text


def now() -> datetime:
    """Not a constant: a run of all tests may pass midnight."""
    return datetime.now(UTC)


@pytest.fixture(scope="module")
async def book(admin: asyncpg.Connection) -> None:
    """A contact each of Alice's, Bob's and nobody's, with a little of everything."""
    for number, owner in enumerate((ALICE.user_id, BOB.user_id, None), 1):
        one = await contact(admin, f"Zebediah{number}", lead_source="Fair & Co", assigned_to=owner)
        asked = now() - timedelta(minutes=30)
        for direction, at in (("inbound", asked), ("outbound", asked + timedelta(minutes=12))):
            await add(admin, "messages", contact_id=one, direction=direction, occurred_at=at)
        await add(admin, "calls", contact_id=one, direction="outbound", duration=120)
        deal: dict[str, Any] = {"contact_id": one, "name": "Roof", "assigned_to": owner}
        await add(admin, "deals", **deal, value=1000, probability=50, stage="proposal",
                  expected_close_date=now().date())  # fmt: skip
        await add(admin, "deals", **deal, value=500, stage="closed_won", won_reason="Price")
        await add(admin, "deals", **deal, value=200, stage="closed_lost")
        await add(admin, "activities", contact_id=one, type="task", title="Call back",
                  due_date=now() - timedelta(days=2), assigned_to=owner)  # fmt: skip


@pytest.fixture
async def assigned(admin: asyncpg.Connection) -> Any:
    """Agents see their own."""
    await admin.execute("insert into app.settings values ('visibility', '\"assigned\"')")
    yield
    await admin.execute("delete from app.settings where key = 'visibility'")


def headline(html: str) -> dict[str, str]:
    """The figures by their name."""
    return {
        text(one.css_first(".label")): text(one.css_first("b"))
        for one in page(html).css(".headline a")
    }


EVERYTHING = {"New contacts": "3", "Messages": "6", "Calls": "3", "Response time": "12 min",
              "Deals won": "$1,500", "Overdue tasks": "3"}  # fmt: skip
TWO = {"New contacts": "2", "Messages": "4", "Calls": "2", "Response time": "12 min",
       "Deals won": "$1,000", "Overdue tasks": "2"}  # fmt: skip
NOTHING = {"New contacts": "0", "Messages": "0", "Calls": "0", "Response time": "—",
           "Deals won": "$0", "Overdue tasks": "0"}  # fmt: skip


async def test_the_figures_are_those_of_the_book(book: None, client: httpx.AsyncClient) -> None:
    answer = await client.get("/dashboard")
    assert headline(answer.text) == EVERYTHING
    assert "100% answered, 6 min" in answer.text


async def test_a_viewer_sees_the_figures_too(book: None, client_as, vera: Identity) -> None:
    answer = await (await client_as(vera)).get("/dashboard")
    assert headline(answer.text) == EVERYTHING


@pytest.mark.parametrize("headers", [{}, PARTIAL], ids=["page", "region"])
async def test_a_stranger_sees_no_figure_and_nobody(
    book: None, client_as, charlie: Identity, headers: dict[str, str]
) -> None:
    answer = await (await client_as(charlie)).get("/dashboard", headers=headers)
    assert headline(answer.text) == NOTHING
    for word in ("Alice", "Bob", "Fair", "Price", "Proposal"):
        assert word not in answer.text


async def test_an_agent_under_assigned_sees_figures_of_their_own_and_nobodys(
    book: None, client_as, bob: Identity, alice: Identity, assigned: None
) -> None:
    theirs = await client_as(bob)
    assert headline((await theirs.get("/dashboard")).text) == TWO
    others = await theirs.get(f"/dashboard?owner={alice.user_id}")
    assert headline(others.text) == NOTHING


@pytest.mark.parametrize("owner", ["me", "none", str(BOB.user_id)])
async def test_figures_of_one_owner(book: None, client: httpx.AsyncClient, owner: str) -> None:
    found = headline((await client.get(f"/dashboard?owner={owner}")).text)
    assert found == {name: {"3": "1", "6": "2", "$1,500": "$500"}.get(shown, shown)
                     for name, shown in EVERYTHING.items()}  # fmt: skip


async def test_a_token_that_reads_contacts_alone_counts_contacts_alone(
    book: None, admin: asyncpg.Connection, pool
) -> None:
    async with pool.session(ALICE) as connection:
        await connection.execute("select set_config('app.scopes', ' contacts:read ', true)")
        rows = await connection.fetch("select distinct kind from app.dashboard($1, $2)",
                                      [now().date()], now().date())  # fmt: skip
        assert [row["kind"] for row in rows] == ["contacts"]
        assert await connection.fetchval("select app.dashboard_overdue()") == 0
        response = await connection.fetchrow(
            "select * from app.dashboard_response($1, $1)", now().date()
        )
        assert response["replies"] == 0


@pytest.mark.parametrize(
    "statement",
    ["select * from app.dashboard_counts", "select * from app.dashboard_stale",
     "select * from app.count_days('messages', '{2026-01-01}')", "select app.upkeep_dashboard()",
     "select * from app.dashboard_rows('messages', '2026-01-01', '2026-01-02', null)"],
)  # fmt: skip
async def test_nobody_reaches_behind_the_figures(pool, statement: str) -> None:
    async with pool.session(ALICE) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch(statement)


async def test_links_of_contacts_list_what_was_counted(
    book: None, client: httpx.AsyncClient
) -> None:
    answer = page((await client.get("/dashboard?owner=none")).text)
    links = [node.attributes["href"] for node in answer.css("main a[href^='/contacts?']")]
    assert len(links) == 3  # the figure, the bar, the row of the table
    for link in links:
        listed = await client.get(link)
        assert listed.status_code == 200
        assert [text(n) for n in page(listed.text).css("tbody .who .truncate")] == ["Zebediah3"]


async def test_links_of_deals_and_tasks_name_what_was_counted(
    book: None, client: httpx.AsyncClient
) -> None:
    answer = page((await client.get(f"/dashboard?owner={BOB.user_id}")).text)
    won = parse_qs(urlsplit(answer.css(".headline a")[4].attributes["href"]).query)
    assert won["pipeline"] == ["default"]
    assert won["f"] == ["stage:eq:closed_won", f"closed:gte:{now().date() - timedelta(days=29)}",
                        f"closed:lte:{now().date()}", f"owner:eq:{BOB.user_id}"]  # fmt: skip
    late = parse_qs(urlsplit(answer.css(".headline a")[5].attributes["href"]).query)
    assert late == {"view": ["agenda"], "owner": [str(BOB.user_id)], "group": ["overdue"]}
    lost = answer.css_first("[aria-labelledby='h-lost'] .chart-bars a").attributes["href"]
    assert "lost_reason:is-null:true" in parse_qs(urlsplit(lost).query)["f"]


async def test_every_mark_is_a_link_and_every_chart_has_a_table(
    book: None, client: httpx.AsyncClient
) -> None:
    answer = page((await client.get("/dashboard")).text)
    charts_shown = answer.css("section.chart")
    assert len(charts_shown) == 6
    for chart in charts_shown:
        marks = chart.css("svg a, .chart-bars a")
        rows = chart.css(".as-table tbody a")
        assert [m.attributes["href"] for m in marks] == [r.attributes["href"] for r in rows] != []
        assert "Show as table" in text(chart)
    assert answer.css("main [style], main script") == []


async def test_the_forecast_weighs_by_probability(book: None, client: httpx.AsyncClient) -> None:
    answer = page((await client.get("/dashboard")).text)
    row = answer.css_first("[aria-labelledby='h-forecast'] tbody tr")
    assert text(row) == f"{now().date():%B %Y} $1,500 $1,500 $3,000"


async def test_deals_of_another_currency_are_counted_and_not_summed(
    book: None, client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await admin.fetchval("select id from contacts limit 1")
    deal = await add(admin, "deals", contact_id=one, name="Dach", value=7, currency="EUR",
                     stage="proposal")  # fmt: skip
    answer = await client.get("/dashboard")
    await admin.execute("delete from deals where id = $1", deal)
    assert "1 deal is in another currency than USD" in answer.text
    assert "$3,000" in answer.text


async def test_another_pipeline_has_its_own_figures(
    book: None, client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await admin.fetchval("select id from contacts limit 1")
    deal = await add(admin, "deals", contact_id=one, name="Repair", value=70, stage="visit",
                     pipeline="repairs")  # fmt: skip
    usual = await client.get("/dashboard")
    other = await client.get("/dashboard?pipeline=repairs")
    await admin.execute("delete from deals where id = $1", deal)
    assert "Visit" not in usual.text
    assert 'value="repairs"' in usual.text
    assert "Visit" in other.text
    assert headline(other.text)["Deals won"] == "$0"


async def test_nothing_yet_says_so(client: httpx.AsyncClient) -> None:
    answer = await client.get("/dashboard?from=2001-01-01&to=2001-01-31&owner=none&pipeline=none")
    assert answer.status_code == 200
    assert "Nothing happened on these days" in answer.text


@pytest.mark.parametrize(
    "query",
    ["from=2026-02-30", "to=x", "from=2026-03-02&to=2026-03-01", "from=2020-01-01&to=2026-01-01",
     "from=0001-01-01", "owner=bob", "owner=%00"],
)  # fmt: skip
async def test_what_makes_no_sense_is_refused(client: httpx.AsyncClient, query: str) -> None:
    answer = await client.get(f"/dashboard?{query}", headers={"accept": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == query.partition("=")[0]


async def test_nobody_who_is_not_signed_in_sees_the_page(client_as) -> None:
    answer = await (await client_as(None)).get("/dashboard")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


def test_ranges_fall_into_days_weeks_or_months() -> None:
    year = Span(date(2025, 11, 26), date(2026, 11, 25))
    assert (year.unit, len(year.columns())) == ("month", 13)
    assert (Span(date(2026, 1, 1), date(2026, 1, 31)).unit) == "day"
    weeks = Span(date(2026, 1, 1), date(2026, 3, 1))
    assert (weeks.unit, weeks.columns()[-1]) == ("week", Span(date(2026, 2, 26), date(2026, 3, 1)))
    for span in (year, weeks):
        columns = span.columns()
        assert sum(one.days for one in columns) == span.days
        assert (columns[0].begin, columns[-1].end) == (span.begin, span.end)


def test_ranges_say_themselves_in_few_words() -> None:
    assert Span(date(2026, 11, 1), date(2026, 11, 1)).words == "1 Nov 2026"
    assert Span(date(2026, 11, 1), date(2026, 11, 30)).words == "November 2026"
    assert Span(date(2026, 11, 1), date(2026, 11, 25)).words == "1 to 25 Nov 2026"
    assert Span(date(2025, 12, 30), date(2026, 1, 2)).words == "30 Dec 2025 to 2 Jan 2026"
    assert dict(presets(date(2026, 11, 25)))["This quarter"].begin == date(2026, 10, 1)
    assert read("", "", date(2026, 11, 25)).days == 30
    with pytest.raises(Problem):
        read("2026-11-26", "2026-11-25", date(2026, 11, 25))


def test_numbers_read_well() -> None:
    assert [duration(n) for n in (None, 45, 720, 12_240, 180_000)] == [
        "—", "45 s", "12 min", "3.4 h", "2.1 days",
    ]  # fmt: skip
    assert (amount(1234.5, "USD"), amount(1234, "EUR")) == ("$1,234", "1,234 EUR")
    assert (change(12, 10), change(0, 10), change(5, 0), change(None, 3)) == (20, -100, None, None)
    assert [charts._above(n) for n in (0, 1, 3, 41, 99, 5_705_000)] == [
        1, 1, 4, 60, 100, 6_000_000,
    ]  # fmt: skip


async def test_every_bar_of_reasons_leads_to_exactly_its_deals(
    book: None, admin: asyncpg.Connection, client: httpx.AsyncClient
) -> None:
    one = await contact(admin, "Zebediah4")
    reasons = [f"Reason {n}: a, b" for n in range(9)] + ["", None]
    for stage, column in (("closed_won", "won_reason"), ("closed_lost", "lost_reason")):
        for number, reason in enumerate(reasons, 1):
            for _ in range(number):
                await add(admin, "deals", contact_id=one, name="Many", stage=stage,
                          **{column: reason})  # fmt: skip
    html = page((await client.get("/dashboard")).text)
    for heading, most in (("Won", 8), ("Lost", 8)):
        rows = html.css(f'[aria-label="{heading} as table"] tbody tr')
        assert len(rows) == most
        for row in rows:
            href = row.css_first("a").attributes["href"]
            listed = page((await client.get(href)).text)
            count = text(row.css("td")[0])
            assert text(listed.css_first("#total")).split()[0] == count, text(row)
        others = page((await client.get(rows[-1].css_first("a").attributes["href"])).text)
        chips = " ".join(text(one) for one in others.css(".chip"))
        assert f"{heading} reason is not" in chips
