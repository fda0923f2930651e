"""Settings, Data: imports, exports, the trash and backups; for owners and admins."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from crm import sql
from crm.db import Connection
from crm.exports import csv_file, sheet, zip_file
from crm.users.auth import Administrator
from crm.web import Db, is_partial, render

router = APIRouter(prefix="/settings/data")
queries = sql.load("data")

# The workspace as a ZIP: the fifteen tables, and what explains the ids and keys in them.
WORKSPACE = (
    "contacts", "tags", "contact_tags", "conversations", "messages", "calls", "emails",
    "activities", "deals", "deal_tags", "deal_stage_history", "documents", "assistants",
    "phone_numbers", "vapi_calls", "people", "custom_fields",
)  # fmt: skip


@router.get("")
async def show(request: Request, db: Db, user: Administrator) -> Response:
    """The page, or the list of exports alone."""
    async with db.session(user) as connection:
        exports = [row async for row in queries.last_exports(connection)]
        if is_partial(request):
            return render(request, "data/_exports.html", exports=exports)
        context = await _rest(connection)
    backup = f"crm db backup contact-crm-{datetime.now(UTC):%Y-%m-%d}.dump"
    return render(request, "data/index.html", exports=exports, backup_command=backup, **context)


async def _rest(connection: Connection) -> dict[str, Any]:
    return {
        "imports": [row async for row in queries.last_imports(connection)],
        "estimates": await queries.row_estimates(connection),
        "trash": [row async for row in queries.in_trash(connection)],
        "days": await queries.trash_days(connection),
        "backups": [row async for row in queries.last_backups(connection)],
    }


@router.post("/deals.csv")
async def export_deals(db: Db, user: Administrator) -> Response:
    """Deals as CSV; contacts are exported by their own room."""
    return csv_file(db, user, sheet("deals", queries.deals))


@router.post("/activities.csv")
async def export_activities(db: Db, user: Administrator) -> Response:
    """Activities as CSV."""
    return csv_file(db, user, sheet("activities", queries.activities))


@router.post("/workspace.zip")
async def export_workspace(db: Db, user: Administrator) -> Response:
    """Every table as CSV, in one ZIP."""
    sheets = [sheet(name, getattr(queries, f"all_{name}")) for name in WORKSPACE]
    return zip_file(db, user, "workspace", sheets)
