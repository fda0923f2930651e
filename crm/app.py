"""The web application: the list of rooms, and what happens around every request."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware

import crm.activities.api
import crm.activities.pages
import crm.activities.series
import crm.assistants.api
import crm.calls.api
import crm.changes.api
import crm.changes.pages
import crm.contacts.api
import crm.contacts.pages
import crm.conversations.api
import crm.conversations.pages
import crm.custom_fields.pages
import crm.dashboard.pages
import crm.data.pages
import crm.database.pages
import crm.deals.api
import crm.deals.pages
import crm.documents.api
import crm.documents.pages
import crm.documents.storing
import crm.emails.api
import crm.imports.pages
import crm.messages.api
import crm.phone_numbers.api
import crm.reports.api
import crm.search.api
import crm.search.pages
import crm.tags.api
import crm.tags.pages
import crm.timeline.api
import crm.timeline.pages
import crm.trash.pages
import crm.users.api
import crm.users.pages
import crm.users.workspace
import crm.vapi_calls.api
import crm.views.pages
from crm import health, logs, mail, sql, upkeep
from crm.api import registry
from crm.api.routing import PREFIX, Api, Routes
from crm.config import Settings
from crm.db import Database
from crm.frame import Frame, StaticFiles
from crm.http import Problem, from_postgres
from crm.live import Events, Live
from crm.metrics import Metrics, route_of, sampling
from crm.storage import Storage
from crm.users.auth import COOKIE, SignInNeeded
from crm.web import DIST, render

ROOMS = (
    crm.users,
    crm.contacts,
    crm.conversations,
    crm.views,
    crm.custom_fields,
    crm.tags,
    crm.deals,
    crm.timeline,
    crm.activities,
    crm.search,
    crm.imports,
    crm.changes,
    crm.trash,
    crm.documents,
    crm.dashboard,
    crm.data,
    crm.database,
)
RESOURCES = (
    crm.contacts.api,
    crm.tags.api,
    crm.conversations.api,
    crm.messages.api,
    crm.calls.api,
    crm.emails.api,
    crm.activities.api,
    crm.deals.api,
    crm.documents.api,
    crm.assistants.api,
    crm.phone_numbers.api,
    crm.vapi_calls.api,
    crm.reports.api,
    crm.timeline.api,
    crm.changes.api,
    crm.search.api,
    crm.users.api,
)
# What returns each minute and needs Python: `async def upkeep(app)` of a room (crm/upkeep).
HOOKS: tuple[upkeep.Hook, ...] = (
    mail.upkeep,
    crm.documents.storing.upkeep,
    crm.activities.series.upkeep,
)

log = structlog.get_logger()

if not structlog.is_configured():
    # The default prints every local value of a traceback: 20 seconds for one error in a page.
    renderer = structlog.dev.ConsoleRenderer(
        colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], renderer])


def create_app(dsn: str, settings: Settings) -> FastAPI:
    """The ASGI application on the database `dsn` (the application's login, not the owner)."""
    app = FastAPI(
        title="Contact CRM", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan
    )
    app.state.settings = settings
    app.state.metrics = Metrics()
    app.state.stopping = asyncio.Event()  # set when this process ends: streams end at once
    app.state.schema_fits = False
    app.state.storage = Storage.of(settings)
    app.state.db = Database(
        dsn, pool_size=settings.pool_size, statement_timeout=settings.statement_timeout
    )
    app.state.api = Api()
    app.mount(PREFIX, app.state.api)  # first, because the others are tried one after the other
    app.state.live = Live(dsn)
    for room in ROOMS:
        app.include_router(room.pages.router)
    app.add_api_route("/", lambda: RedirectResponse("/contacts", 303), include_in_schema=False)
    app.add_api_route("/api/docs", api_docs, include_in_schema=False)
    for answer in (health.healthz, health.readyz, health.metrics):
        app.add_api_route(f"/{answer.__name__}", answer, include_in_schema=False)
    if settings.environment == "development":
        app.add_api_route("/dev/ui", dev_ui, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=DIST, check_dir=False))
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(Events, live=app.state.live, cookie=COOKIE)
    app.add_middleware(Frame)
    _handle_errors(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    await app.state.db.open()
    async with app.state.db.service() as connection:
        workspace = await sql.load("users").workspace(connection)
    app.state.workspace, app.state.timezone = workspace["name"], workspace["timezone"]
    app.state.api.routes = Routes(await registry.routes(app.state.db, RESOURCES))
    try:
        async with sampling(app.state.metrics, app.state.db), upkeep.running(app, HOOKS):
            yield
    finally:
        app.state.stopping.set()
        app.state.live.close()
        await mail.rest(app)
        await app.state.db.close()


async def api_docs(request: Request) -> Response:
    """The description of the API, browsable without the internet."""
    return render(request, "api_docs.html")


async def dev_ui(request: Request) -> Response:
    """Every component in each of its states, for whoever changes them."""
    return render(request, "dev_ui.html")


def _handle_errors(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> Response:  # pyright: ignore[reportUnusedFunction]
        return _answer(request, error)

    @app.exception_handler(asyncpg.PostgresError)
    async def postgres(request: Request, error: asyncpg.PostgresError) -> Response:  # pyright: ignore[reportUnusedFunction]
        found = from_postgres(error)
        if found.status >= 500:
            log.error("database error", **logs.database_error(error))
        return _answer(request, found)

    @app.exception_handler(ConnectionError)
    @app.exception_handler(asyncpg.InterfaceError)
    async def gone(request: Request, error: Exception) -> Response:  # pyright: ignore[reportUnusedFunction]
        log.error("database not available", error=type(error).__name__)
        return _answer(
            request, Problem(503, "The database is not available", "Try again in a few seconds.")
        )

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:  # pyright: ignore[reportUnusedFunction]
        title = "Page not found" if error.status_code == 404 else str(error.detail)
        return _answer(request, Problem(error.status_code, title))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:  # pyright: ignore[reportUnusedFunction]
        errors = [
            {"field": ".".join(map(str, e["loc"][1:])), "message": e["msg"]} for e in error.errors()
        ]
        return _answer(request, Problem(422, "Some values are not right", "", errors))

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:  # pyright: ignore[reportUnusedFunction]
        log.error("unexpected error", route=route_of(request.scope), exc_info=error)
        return _answer(request, Problem(500, "Something went wrong on our side"))


def _answer(request: Request, problem: Problem) -> Response:
    if isinstance(problem, SignInNeeded):
        if request.headers.get("HX-Request-Type"):
            return Response(status_code=401, headers={"HX-Redirect": problem.location})
        if "application/json" not in request.headers.get("accept", ""):
            return RedirectResponse(problem.location, 303)
    body = problem.body(request.state.request_id)
    asks_for_json = "application/json" in request.headers.get("accept", "")
    if asks_for_json or request.url.path.startswith("/api/"):
        return JSONResponse(body, problem.status, media_type="application/problem+json")
    if request.headers.get("HX-Request-Type"):
        # A failed action on a page shows a toast and leaves the page as it is.
        return render(
            request, "_error_toast.html", problem.status, {"HX-Reswap": "none"}, problem=body
        )
    return render(request, "error.html", problem.status, problem=body)
