"""The list language against plain Python: any filter gives exactly those rows, or a 422."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.db import Identity
from tests.cast import ALICE, BOB
from tests.contacts.scene import add

from .conftest import Program

COLUMNS = [
    "id", "first_name", "last_name", "llc_name", "city", "state", "deal_status", "bedrooms",
    "total_bathrooms", "est_value", "est_equity", "last_sale_date", "created_at", "dnc",
    "sms_opt_out", "assigned_to",
]  # fmt: skip
NUMBERS = ("bedrooms", "total_bathrooms", "est_value", "est_equity")
TEXTS = ("first_name", "last_name", "llc_name", "city", "state", "deal_status")
BASE = datetime(2026, 3, 1, 12, tzinfo=UTC)
WORDS = ["", "Ann", "ann", "Al%", "b_c", "O'Neil", "x,y", "back\\slash", "Zoë", "AnnaMaria"]


@pytest.fixture(scope="module")
async def rows(admin: asyncpg.Connection) -> list[dict[str, Any]]:
    """Sixty contacts with every kind of value, empty ones among them."""
    tags = [await add(admin, "tags", name=name) for name in ("Hot", "Cold, wet")]
    for n in range(60):
        one = await add(
            admin, "contacts", first_name=WORDS[n % 10], last_name=WORDS[n % 7],
            llc_name=None if n % 3 else WORDS[(n + 4) % 10], phone1=f"+1415555{n:04}",
            city=(None, "Austin", "austin", "Rome")[n % 4], state=("TX", "CA", None)[n % 3],
            deal_status=("lead", "qualified", "closed_won")[n % 3],
            bedrooms=(None, 0, 3, 2_000_000_000)[n % 4],
            total_bathrooms=(None, Decimal("2.5"), Decimal(0))[n % 3],
            est_value=(None, Decimal("300000.55"), Decimal(0))[n % 3],
            est_equity=(None, Decimal("-5.5"), Decimal(7))[n % 3],
            last_sale_date=(None, date(2020, 2, 29), date(1999, 12, 31))[n % 3],
            created_at=BASE + timedelta(hours=n // 2), dnc=n % 5 == 0, sms_opt_out=n % 2 == 0,
            assigned_to=(None, ALICE.user_id, BOB.user_id)[n % 3],
        )  # fmt: skip
        for position, tag in enumerate(tags):
            if n % (position + 2) == 0:
                await add(admin, "contact_tags", contact_id=one, tag_id=tag)
    tagged = """
        select c.*, array(select lower(t.name) from tags t join contact_tags x on x.tag_id = t.id
                          where x.contact_id = c.id) as tag_names
        from contacts c
    """
    return [dict(row) for row in await admin.fetch(tagged)]


def reads(field: str, text: str) -> Any:
    """A value as the API reads it; ValueError when it does not."""
    if field in NUMBERS:
        return Decimal(text.replace(",", ""))
    if field == "last_sale_date":
        return date.fromisoformat(text)
    if field == "created_at":
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if field == "assigned_to":
        return ALICE.user_id if text == "me" else UUID(text)
    if field in ("dnc", "sms_opt_out"):
        return {"true": True, "false": False}[text]
    return text


COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "lt": lambda a, b: a < b, "lte": lambda a, b: a <= b,
    "gt": lambda a, b: a > b, "gte": lambda a, b: a >= b,
}  # fmt: skip


def holds(row: dict[str, Any], text: str) -> bool:
    """What a filter means."""
    field, op, value = text.split(":", 2)
    if op == "has-tag":
        return value.lower() in row["tag_names"]
    stored = row[field]
    if op == "is-null":
        return (stored is None) == (value == "true")
    if op == "in":
        parts = [part.replace("\0", ",") for part in value.replace("\\,", "\0").split(",") if part]
        return stored is not None and stored in [reads(field, part) for part in parts]
    if op == "contains":
        return stored is not None and value.lower() in stored.lower()
    if op == "starts":
        return stored is not None and stored.lower().startswith(value.lower())
    wanted = reads(field, value)
    if op == "ne":
        return stored != wanted
    if op == "eq":
        return stored == wanted
    return stored is not None and COMPARE[op](stored, wanted)


def group_holds(row: dict[str, Any], part: Any) -> bool:
    """What a group means."""
    if isinstance(part, str):
        return holds(row, part)
    [(match, parts)] = part.items()
    return (all if match == "all" else any)(group_holds(row, one) for one in parts)


texts = st.sampled_from([*WORDS[1:], "a", "N", "%", "_", "Hot", "zzz", "tx", "TX", "lead"])
values = {
    **dict.fromkeys(TEXTS, texts),
    **dict.fromkeys(NUMBERS, st.sampled_from(["0", "3", "-5.5", "300000.55", "2,000,000,000"])),
    "last_sale_date": st.sampled_from(["2020-02-29", "1999-12-31", "2000-01-01"]),
    "created_at": st.sampled_from(
        ["2026-03-01T12:00:00Z", "2026-03-01T22:00:00+02:00", "2026-03-02", "1990-01-01"]
    ),
    "assigned_to": st.sampled_from(["me", str(BOB.user_id), str(UUID(int=5))]),
    **dict.fromkeys(("dnc", "sms_opt_out"), st.sampled_from(["true", "false"])),
    "tag": st.sampled_from(["Hot", "hot", "COLD, wet", "none such"]),
}  # fmt: skip
TEXT = ["eq", "ne", "contains", "starts", "in", "is-null"]
RANGE = ["eq", "ne", "lt", "lte", "gt", "gte", "in", "is-null"]
OPERATORS = (
    dict.fromkeys(TEXTS, TEXT)
    | dict.fromkeys((*NUMBERS, "last_sale_date", "created_at"), RANGE)
    | {"assigned_to": ["eq", "ne", "in", "is-null"], "tag": ["has-tag"]}
    | {"dnc": ["eq"], "sms_opt_out": ["eq"]}
)


@st.composite
def filters(draw: Any) -> str:
    """A filter that the list takes."""
    field = draw(st.sampled_from(sorted(values)))
    op = draw(st.sampled_from(OPERATORS[field]))
    if op == "is-null":
        return f"{field}:{op}:{draw(st.sampled_from(['true', 'false']))}"
    if op == "in":
        picked = draw(st.lists(values[field], min_size=1, max_size=3))
        if field in NUMBERS:
            picked = [one.replace(",", "") for one in picked]
        return f"{field}:{op}:{','.join(one.replace(',', chr(92) + ',') for one in picked)}"
    return f"{field}:{op}:{draw(values[field])}"


groups = st.recursive(
    st.tuples(st.sampled_from(["all", "any"]), st.lists(filters(), min_size=1, max_size=3)).map(
        lambda pair: {pair[0]: pair[1]}
    ),
    lambda inner: st.tuples(
        st.sampled_from(["all", "any"]), st.lists(inner | filters(), min_size=1, max_size=2)
    ).map(lambda pair: {pair[0]: pair[1]}),
    max_leaves=4,
)
SORTS = ["-created_at", "created_at", "name", "-name", "est_value", "-est_value",
         "-est_value,name", "created_at,-name"]  # fmt: skip


async def every_id(api: httpx.AsyncClient, params: dict[str, Any]) -> list[str] | None:
    """Ids of all pages, a few rows each; None when the list answers 422."""
    found: list[str] = []
    after: dict[str, str] = {}
    while True:
        answer = await api.get("/contacts", params={**params, **after, "limit": 25, "fields": "id"})
        if answer.status_code == 422:
            assert answer.json()["errors"], answer.text
            return None
        assert answer.status_code == 200, answer.text
        found += [row["id"] for row in answer.json()["data"]]
        if not answer.json()["next"]:
            return found
        after = {"after": answer.json()["next"]}


SETTINGS = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@SETTINGS
@given(chips=st.lists(filters(), max_size=3), where=st.none() | groups, sort=st.sampled_from(SORTS))
async def test_any_filter_gives_exactly_the_rows_that_python_gives(
    api: httpx.AsyncClient, rows: list[dict[str, Any]], chips: list[str], where: Any, sort: str
) -> None:
    params: dict[str, Any] = {"f": chips, "sort": sort}
    if where:
        params["where"] = json.dumps(where)
    found = await every_id(api, params)
    deep = where is not None and len(json.dumps(where).split('"a')) > 5
    assert found is not None or deep, "only groups that are too deep may be refused"
    if found is None:
        return
    wanted = {
        str(row["id"])
        for row in rows
        if all(holds(row, chip) for chip in chips) and (where is None or group_holds(row, where))
    }
    assert set(found) == wanted
    assert len(found) == len(wanted)
    counted = await api.get("/contacts", params={**params, "count": "exact", "limit": 1})
    assert counted.json()["total"] == len(wanted)


anything = st.text(max_size=40) | st.sampled_from(
    ["city:eq", ":::", "city::x", "nothing:eq:1", "bedrooms:eq:NaN", "bedrooms:eq:1e999999",
     "created_at:lt:9999-12-31T23:59:59-14:00", "est_value:gt:Infinity", "city:in:", "dnc:eq:yes",
     "last_sale_date:eq:0000-00-00", "assigned_to:eq:you", "city:has-tag:Hot", "tag:eq:Hot",
     "created_at:gt:99999d", "bedrooms:eq:" + "9" * 499, "city:contains:" + "a" * 600]
)  # fmt: skip


@pytest.mark.usefixtures("rows")
@SETTINGS
@given(
    chip=anything, where=anything | st.just('{"any":[]}') | st.just('{"all":{}}'), sort=anything,
    after=anything, limit=anything,
)  # fmt: skip
async def test_anything_else_is_refused_with_its_reason(
    api: httpx.AsyncClient, chip: str, where: str, sort: str, after: str, limit: str
) -> None:  # fmt: skip
    for params in ({"f": chip}, {"where": where}, {"sort": sort}, {"after": after},
                   {"limit": limit}, {"q": chip}, {"fields": chip}, {"include": chip}):  # fmt: skip
        answer = await api.get("/contacts", params=params)
        assert answer.status_code in (200, 422), (params, answer.text)
        if answer.status_code == 422:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["errors"], (params, answer.text)
            assert answer.json()["errors"][0]["message"]


async def test_pages_stay_whole_while_rows_come_in(
    api: httpx.AsyncClient, rows: list[dict[str, Any]], admin: asyncpg.Connection
) -> None:
    first = (await api.get("/contacts", params={"limit": 20})).json()
    for n in range(5):
        await add(admin, "contacts", first_name=f"Late {n}")
    second = (await api.get("/contacts", params={"limit": 20, "after": first["next"]})).json()
    seen = [row["id"] for row in first["data"] + second["data"]]
    assert len(set(seen)) == 40
    assert not any(row["first_name"].startswith("Late") for row in second["data"])
    back = (await api.get("/contacts", params={"limit": 20, "before": second["previous"]})).json()
    assert [row["id"] for row in back["data"]] == [row["id"] for row in first["data"]]
    await admin.execute("delete from contacts where first_name like 'Late %'")


async def test_me_is_whoever_asks(
    program_of: Program, rows: list[dict[str, Any]], bob: Identity
) -> None:
    agent = await program_of(bob)
    mine = await every_id(agent, {"f": "owner:eq:me"})
    assert set(mine or []) == {str(r["id"]) for r in rows if r["assigned_to"] == bob.user_id}
