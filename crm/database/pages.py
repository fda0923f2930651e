"""Settings, Database: size, health and use of the database; for owners and admins."""

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import Response

from crm import schema, sql
from crm.database import doctor, stats
from crm.db import Database
from crm.users.auth import Administrator
from crm.web import Db, render

router = APIRouter(prefix="/settings/database")
queries = sql.load("database")
upkeep = sql.load("upkeep")

INDEXES = 15  # shown at first
CONVERSATIONS = 20  # counted again; crm db doctor takes more
WORST_FIRST = ("error", "warning", "note", "ok")


@router.get("")
async def show(request: Request, db: Db, user: Administrator, indexes: str = "") -> Response:
    """Everything on one page, as it is now."""
    production = request.app.state.settings.environment == "production"
    async with db.session(user) as connection:
        found = await stats.read(connection)
        findings = await doctor.look(connection, CONVERSATIONS)
        runs = [row async for row in queries.upkeep_runs(connection)]
    login = await _login(db, production=production)
    return render(
        request, "database/index.html", found=found, runs=runs,
        findings=sorted(login + findings, key=lambda one: WORST_FIRST.index(one.severity)),
        most_indexes=len(found.indexes) if indexes == "all" else INDEXES,
    )  # fmt: skip


async def _login(db: Database, *, production: bool) -> list[doctor.Finding]:
    """What only the program's own login can tell: its schema files, and its rights."""
    paths, checksums = await asyncio.to_thread(schema.wanted)
    async with db.service() as connection:
        missing = upkeep.missing_files(connection, paths=paths, checksums=checksums)
        files = doctor.files([row["path"] async for row in missing], len(paths))
        return [files, *await doctor.app_login(connection, production=production)]
