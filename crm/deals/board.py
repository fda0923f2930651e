"""The board: columns of cards with their true sums, also as they were on a past day."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from crm import sql
from crm.db import Connection, Identity
from crm.deals.listing import DealFilter, today
from crm.filters import SEARCH_CAP
from crm.http import Problem
from crm.users.auth import CurrentUser
from crm.web import Db, render, zone

router = APIRouter()
queries = sql.load("deals")

FIRST_CARDS, MORE_CARDS = 30, 12
MOST_CARDS = 300  # of one column that is shown anew
CLOSED_DAYS = 30  # how long closed deals stay on the board
LOST_REASONS = (
    "Price", "Chose a competitor", "Bad timing", "No budget", "No answer", "Not a fit",
    "Changed their mind", "Duplicate", "Other",
)  # fmt: skip


@dataclass
class Column:
    """A stage on the board: its cards, and the number and sums of all its deals."""

    key: str
    label: str
    hue: str
    probability: int
    is_closed: bool
    stalled_after: int | None
    count: int = 0
    sums: list[tuple[str, Decimal]] = field(default_factory=list)  # by currency
    weighted: list[tuple[str, Decimal]] = field(default_factory=list)
    cards: list[dict[str, Any]] = field(default_factory=list)
    more: bool = False


def days_left(due: datetime | None, where: tzinfo) -> int | None:
    """Days until a moment's day, as the visitor counts; negative when it has passed."""
    return (due.astimezone(where).date() - today(where)).days if due else None


async def pipelines(connection: Connection) -> list[dict[str, Any]]:
    """Every pipeline that is offered, also those that only deals know."""
    return [dict(row) async for row in queries.deal_pipelines(connection)]


def choose(query: DealFilter, known: Iterable[Mapping[str, Any]]) -> str:
    """The key of the pipeline that is asked for; else of the first."""
    offered = [one["key"] for one in known if not one["is_archived"]]
    return query.of("pipeline") or next(iter(offered), "default")


async def stages(connection: Connection, pipeline: str) -> list[Column]:
    """The empty columns of a pipeline."""
    return [
        Column(
            row["key"],
            row["label"],
            row["hue"],
            row["probability"],
            row["is_closed"],
            row["stalled_after_days"],
        )
        async for row in queries.deal_stages(connection, pipeline=pipeline)
    ]


async def scope(
    connection: Connection, query: DealFilter, me: Identity, where: tzinfo
) -> dict[str, Any]:
    """The parameters that every statement of the board shares."""
    among = None
    if query.searching:
        among = await queries.search_deals(connection, q=query.q, most=SEARCH_CAP)
    return {"owner": query.owner_id(me), "among": among, "closed_since": closed_since(where)}


def closed_since(where: tzinfo) -> date:
    """The first day whose closed deals are on the board."""
    return today(where) - timedelta(days=CLOSED_DAYS)


async def load(
    connection: Connection,
    query: DealFilter,
    me: Identity,
    where: tzinfo,
    *,
    cards_of: Iterable[str] | None = None,
    sums_of: Iterable[str] | None = None,
    shown: Mapping[str, int] | None = None,
) -> list[Column]:
    """The columns of the board with the sums and the first cards of all, or of some.

    `shown`: how many cards of a stage instead of 30.
    """
    pipeline = query.of("pipeline")
    columns = await stages(connection, pipeline)
    shared = await scope(connection, query, me, where)
    until = query.until(where)
    if until:
        await _fill_as_of(connection, columns, pipeline, until, shared)
        return columns
    found = queries.board_totals(
        connection,
        pipeline=pipeline,
        in_stages=None if sums_of is None else list(sums_of),
        **shared,
    )
    async for row in found:
        _add_total(columns, row)
    wanted = {one.key: one for one in columns if cards_of is None or one.key in cards_of}
    if wanted:
        limits = {key: (shown or {}).get(key, FIRST_CARDS) for key in wanted}
        await _fill_cards(connection, wanted, limits, shared | {"pipeline": pipeline}, where)
    return columns


async def _fill_cards(
    connection: Connection,
    columns: Mapping[str, Column],
    limits: Mapping[str, int],
    shared: Mapping[str, Any],
    where: tzinfo,
) -> None:
    found = queries.board_ids(
        connection, stages=list(limits), limits=list(limits.values()), **shared
    )
    ids: dict[str, list[UUID]] = defaultdict(list)
    async for row in found:
        ids[row["stage"]].append(row["id"])
    for key, one in columns.items():
        one.more = len(ids[key]) > limits[key]
        ids[key] = ids[key][: limits[key]]
    every = [id_ for key in columns for id_ in ids[key]]
    for card in await load_cards(connection, every, where):
        columns[card["stage"]].cards.append(card)


async def load_cards(
    connection: Connection, ids: list[UUID], where: tzinfo
) -> list[dict[str, Any]]:
    """What cards and rows show, in the order of `ids`."""
    return [
        dict(row) | {"days_left": days_left(row["task_due"], where)}
        async for row in queries.deal_cards(connection, ids=ids)
    ]


async def _fill_as_of(
    connection: Connection,
    columns: list[Column],
    pipeline: str,
    until: datetime,
    shared: dict[str, Any],
) -> None:
    asked = {"pipeline": pipeline, "until": until} | {
        name: shared[name] for name in ("owner", "among")
    }
    async for row in queries.totals_as_of(connection, **asked):
        if row["stage"] not in [one.key for one in columns]:  # a stage that was removed since
            words = row["stage"].replace("_", " ").capitalize()
            columns.insert(-2, Column(row["stage"], words, "gray", 0, False, None))
        _add_total(columns, row)
    async for row in queries.cards_as_of(connection, row_limit=FIRST_CARDS, **asked):
        next(one for one in columns if one.key == row["stage"]).cards.append(dict(row))


def _add_total(columns: list[Column], row: Mapping[str, Any]) -> None:
    for one in columns:
        if one.key == row["stage"]:
            one.count += row["deals"]
            one.sums.append((row["currency"], row["value"]))
            one.weighted.append((row["currency"], row["weighted"]))


def open_sums(columns: Iterable[Column]) -> list[tuple[str, Decimal]]:
    """The value of all open deals by currency, the largest first."""
    total: dict[str, Decimal] = defaultdict(Decimal)
    for one in columns:
        for currency, value in [] if one.is_closed else one.sums:
            total[currency] += value
    return sorted(total.items(), key=lambda pair: -pair[1])


@router.get("/deals/column")
async def more_cards(
    request: Request, db: Db, user: CurrentUser, column: str, following: UUID
) -> Response:
    """The next cards of a column, after the card `following`."""
    query, where = DealFilter.parse(request.query_params), zone(request)
    async with db.session(user) as connection:
        shared = await scope(connection, query, user, where)
        pipeline = choose(query, await pipelines(connection))
        query = query.model_copy(update={"filters": query.having("pipeline", pipeline)})
        found = await stages(connection, pipeline)
        one = next((stage for stage in found if stage.key == column), None)
        if one is None:
            raise Problem(404, "This stage does not exist any more")
        asked = {"pipeline": pipeline, "stage": column, "after": following} | shared
        if one.is_closed:
            rows = queries.closed_ids(connection, row_limit=MORE_CARDS + 1, **asked)
        else:
            del asked["closed_since"]
            rows = queries.column_ids(connection, row_limit=MORE_CARDS + 1, **asked)
        ids = [row["id"] async for row in rows]
        one.cards = await load_cards(connection, ids[:MORE_CARDS], where)
        one.more = len(ids) > MORE_CARDS
    return render(request, "deals/_cards.html", column=one, query=query, more_cards=MORE_CARDS)
