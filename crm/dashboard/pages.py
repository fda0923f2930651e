"""The page: what its address asks for, the figures on top, and the charts."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from crm import sql
from crm.dashboard import charts, period
from crm.dashboard.figures import MOST_OVERDUE, Counts, figures
from crm.dashboard.links import Links
from crm.dashboard.period import Span
from crm.db import Connection, Identity
from crm.http import Problem
from crm.users.auth import CurrentUser
from crm.web import Db, is_partial, render, zone_named

router = APIRouter()
queries = sql.load("dashboard")

NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Asked:
    """A range of days, and whose figures: `owner` is the value of the address."""

    span: Span
    owner: str
    of_owner: UUID | None


@router.get("/dashboard")
async def show(
    request: Request,
    db: Db,
    user: CurrentUser,
    begin: Annotated[str, Query(alias="from", max_length=20)] = "",
    end: Annotated[str, Query(alias="to", max_length=20)] = "",
    owner: Annotated[str, Query(max_length=40)] = "",
    pipeline: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """The figures of a range of days, and of one owner or all."""
    async with db.session(user) as connection:
        now = await queries.now(connection)
        span = period.read(begin, end, now["today"])
        asked = Asked(span, *_owner(owner, user))
        people = [(str(row["id"]), row["name"]) async for row in queries.people(connection)]
        pipelines = [row async for row in queries.pipelines(connection)]
        first = next((row["key"] for row in pipelines if not row["is_archived"]), "default")
        links = Links(
            span, asked.owner, pipeline or first, zone_named(now["zone"]), len(pipelines) > 1
        )
        stages = [row async for row in queries.stages(connection, pipeline=links.pipeline)]
        found = await _count(connection, asked)
    counts: Counts = found["counts"].of_pipeline(links.pipeline)
    template = "dashboard/_figures.html" if is_partial(request) else "dashboard/index.html"
    return render(
        request, template, asked=asked, links=links, people=people, zone=now["zone"],
        presets=period.presets(now["today"]), pipelines=pipelines,
        figures=figures(counts, found, links), counts=counts,
        funnel=charts.funnel(counts, links, stages),
        forecast=charts.forecast(counts, links, now["today"]),
        won=charts.reasons(counts, links, "closed_won"),
        lost=charts.reasons(counts, links, "closed_lost"),
        activity=charts.activity(counts, links), sources=charts.sources(counts, links),
    )  # fmt: skip


def _owner(text: str, user: Identity) -> tuple[str, UUID | None]:
    if text in ("", "none"):
        return text, NOBODY if text else None
    try:
        found = user.user_id if text == "me" else UUID(text)
    except ValueError:
        message = "There is no such owner."
        raise Problem(
            422, "These figures cannot be shown", message, [{"field": "owner", "message": message}]
        ) from None
    return str(found), found


async def _count(connection: Connection, asked: Asked) -> dict[str, Any]:
    span, before = asked.span, asked.span.before
    columns = span.columns()
    rows = queries.counts(
        connection, starts=[before.begin, *(one.begin for one in columns)], to_day=span.end,
        owner=asked.of_owner,
    )  # fmt: skip
    found: dict[str, Any] = {"counts": Counts(span, [dict(row) async for row in rows])}
    for name, days in (("response", span), ("response_before", before)):
        found[name] = await queries.response(
            connection, from_day=days.begin, to_day=days.end, owner=asked.of_owner
        )
    found["overdue"] = await queries.overdue(
        connection, owner=asked.of_owner, most=MOST_OVERDUE + 1
    )
    return found
