"""The table of contacts: its page and region, what its filter form sends, columns, density."""

from datetime import datetime, tzinfo
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import QueryParams

from crm import sql
from crm.contacts import columns, words
from crm.contacts.listing import CONTACTS, ContactFilter
from crm.contacts.liststate import DENSITIES, PATH, Known, ListState, look_up
from crm.db import Connection, Identity
from crm.filters import SEARCH_CAP, SEARCH_LEAST, fetch_page
from crm.http import Problem
from crm.users.auth import CurrentUser
from crm.values import Filter
from crm.web import Db, environment, is_partial, render, zone

router = APIRouter()
queries = sql.load("contacts")

# A page counts this far at once, the exact number follows: ten thousand of a common tag take 95 ms.
COUNT_CAP = 1_000
ICONS = {"call": "phone", "email": "mail"}
CHANNELS = {"call": "Call", "email": "Email", "sms": "SMS", "mms": "MMS", "whatsapp": "WhatsApp",
            "rcs": "RCS"}  # fmt: skip


@router.get("/contacts")
async def list_contacts(
    request: Request, db: Db, user: CurrentUser, deleted: UUID | None = None
) -> Response:
    """One page of the list, or its region. `deleted` is the contact whose undo is offered."""
    params = request.query_params
    async with db.session(user) as connection:
        known = await look_up(connection, user, stages())
        if "field" in params or "match" in params or "sort1" in params:
            return RedirectResponse(_from_form(params, known), 303)
        state = ListState.read(params, known)
        if set(params) & (set(CONTACTS.columns) - {"view"}):  # the short notation: ?city=Austin
            return RedirectResponse(state.url(), 303)
        context = await table_context(connection, state, zone(request))
        context["removed"] = await queries.contact_name(connection, id=deleted) if deleted else None
    template = "contacts/_list.html" if is_partial(request) else "contacts/index.html"
    return render(request, template, **context)


async def table_context(connection: Connection, state: ListState, where: tzinfo) -> dict[str, Any]:
    """What the region of the list shows."""
    query = state.query
    page = await fetch_page(connection, query, COUNT_CAP + 1)
    found = [row async for row in queries.contacts_on_page(connection, ids=page.ids)]
    return {
        "state": state,
        "query": query,
        "rows": found,
        "body": row_html(state, found, where),
        "previous": state.url(before=page.previous) if page.previous else None,
        "next": state.url(after=page.next) if page.next else None,
        "total": page.total,
        "count_cap": COUNT_CAP,
        "search_cap": SEARCH_CAP,
        "search_least": SEARCH_LEAST,
        "choices": state.known.choices,
        "every_column": columns.every(state.known.fields),
        "owner_filter": _owner_filter(state),
    }


def row_html(state: ListState, found: list[Any], where: tzinfo) -> Any:
    """The rows of the table in the columns of the state."""
    came = f"?list={urlencode({'': state.text})[1:]}" if state.text else ""
    return columns.rows(
        state.columns, found, came=came, stages=_stage_tags(), icons=ICONS, channels=CHANNELS,
        days_left={row["id"]: days_left(row["task_due"], where) for row in found},
        may_write=state.known.may_write,
    )  # fmt: skip


def _owner_filter(state: ListState) -> str:
    return next((one.value for one in state.filters if one.field == "owner"), "")


def days_left(due: datetime | None, where: tzinfo) -> int | None:
    """Days from today, there, to a moment."""
    return (due.astimezone(where).date() - datetime.now(where).date()).days if due else None


def stages() -> list[tuple[str, str]]:
    """The stages as (key, words), as the templates name them."""
    return [(key, label) for key, (label, _) in _stage_tags().items()]


def _stage_tags() -> dict[str, tuple[str, str]]:
    macros: Any = environment().get_template("ui/macros.html").module
    return {key: (label, hue) for key, label, hue in macros.stages}


def _from_form(params: QueryParams, known: Known) -> str:
    """The address that a filter's or the sort's form means.

    `field`, `op` and `value` (repeated) are a filter, `was` the one it replaces; `match` is all or
    any; `sort1` and `sort2` are the order.
    """
    own = ("field", "op", "value", "was", "match", "sort1", "sort2")
    pairs = [pair for pair in params.multi_items() if pair[0] not in own]
    order = ",".join(filter(None, (params.get("sort1", ""), params.get("sort2", ""))))
    if order:
        pairs = [pair for pair in pairs if pair[0] != "sort"] + [("sort", order)]
    state = ListState.read(QueryParams(pairs), known)
    filters = list(state.filters)
    was = params.get("was", "")
    place = next((n for n, one in enumerate(filters) if str(one) == was), len(filters))
    given = _given(params, known)
    filters[place : place + 1] = [given] if given else []
    match = params.get("match", "")
    changes = state.filtered_by(tuple(dict.fromkeys(filters)), match if match == "any" else "all")
    checked = ListState.read(QueryParams(state.params(**changes)), known)
    return checked.url()


def _given(params: QueryParams, known: Known) -> Filter | None:
    name, operator = params.get("field", ""), params.get("op", "")
    asked = words.question(name, known.fields, known.choices)
    if asked is None or not operator:
        return None
    if operator.startswith("is-null:"):
        return Filter(field=name, op="is-null", value=operator.removeprefix("is-null:"))
    values = [value.strip() for value in params.getlist("value") if value.strip()]
    if not values:
        return None
    if operator == "in" and len(values) == 1 and asked.kind != "choice":
        return Filter(field=name, op="eq", value=values[0])
    if operator == "in":
        values = [",".join(value.replace(",", "\\,") for value in values)]
    return Filter(field=name, op=operator, value=values[0])


@router.get("/contacts/filter")
async def filter_form(request: Request, db: Db, user: CurrentUser) -> Response:
    """The form of one filter: `was` the one that is edited, `field` and `op` what is chosen now."""
    params = request.query_params
    async with db.session(user) as connection:
        known = await look_up(connection, user, stages())
    drop = ("field", "op", "value", "was", "match")
    pairs = [pair for pair in params.multi_items() if pair[0] not in drop]
    state = ListState.read(QueryParams(pairs), known)
    was = params.get("was", "")
    old = next((one for one in state.filters if str(one) == was), None)
    name = params.get("field") or (old.field if old else "status")
    asked = words.question(name, known.fields, known.choices)
    if asked is None:
        raise Problem(422, "There is no such field")
    same = old if old and old.field == name else None
    operator = params.get("op") or (_operator(same) if same else asked.operators[0][0])
    offered = [key for key, _ in asked.operators]
    operator = operator if operator in offered else ("in" if "in" in offered else offered[0])
    return render(
        request, "contacts/_filter.html", state=state, was=old, asked=asked, operator=operator,
        values=same.values if same else [], fields=words.fields(known.fields),
    )  # fmt: skip


def _operator(one: Filter) -> str:
    return f"is-null:{one.value}" if one.op == "is-null" else one.op


async def read_query(connection: Connection, user: Identity, text: str) -> ContactFilter:
    """The query of a list's query string."""
    return (await read_state(connection, user, text)).query


async def read_state(connection: Connection, user: Identity, text: str) -> ListState:
    """The state of a list's query string."""
    pairs = [pair for pair in parse_qsl(text) if pair[0] not in ("after", "before", "deleted")]
    known = await look_up(connection, user, stages())
    return ListState.read(QueryParams(pairs), known)


@router.post("/contacts/look")
async def set_look(
    request: Request,
    db: Db,
    user: CurrentUser,
    shown: Annotated[str, Form(alias="list", max_length=20_000)] = "",
    density: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Keep the columns or the density of a person; in a view they are a change of the view."""
    form = await request.form()
    async with db.session(user) as connection:
        state = await read_state(connection, user, shown)
        changes: dict[str, str] = {}
        if density in DENSITIES:
            changes["density"] = density
        if "columns_sent" in form:
            changes["columns"] = ",".join(_wanted(form, state))
        if not state.view:
            await queries.keep_look(
                connection, density=changes.get("density"),
                columns=changes["columns"].split(",") if changes.get("columns")
                else ([] if "columns" in changes else None),
            )  # fmt: skip
    pairs = [pair for pair in state.params() if pair[0] not in changes]
    if state.view:
        pairs += [(key, value or ",".join(columns.DEFAULT)) for key, value in changes.items()]
    text = urlencode(pairs, safe=":,")
    return RedirectResponse(f"{PATH}?{text}" if text else PATH, 303)


def _wanted(form: Any, state: ListState) -> list[str]:
    """The ticked columns in the order of their numbers; none for the usual ones."""
    if form.get("usual"):
        return []
    every = columns.every(state.known.fields)
    order = [key for key in form.getlist("order") if key in every]
    shown = {key for key in form.getlist("columns") if key in every}
    keys = tuple(key for key in dict.fromkeys([*order, *every]) if key in shown or key == "name")
    return [] if keys == columns.DEFAULT else [*keys]
