"""The ASGI application below /api/v1: finds the route, runs it, and says what went wrong."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import asyncpg
import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from crm import logs
from crm.api import entering
from crm.api.call import Call, Route, unauthorized
from crm.http import Problem, from_postgres
from crm.metrics import route_of

log = structlog.get_logger()
PREFIX = "/api/v1"


@dataclass
class _Node:
    children: dict[str, "_Node"] = field(default_factory=dict)
    parameter: tuple[str, "_Node"] | None = None
    routes: dict[str, Route] = field(default_factory=dict)


class Routes:
    """Paths as a tree: finding one costs a dictionary look-up for each part of the path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.every = list(routes)
        self._root = _Node()
        for route in self.every:
            node = self._root
            for part in route.path.strip("/").split("/"):
                node = _child(node, part)
            if route.method in node.routes:
                raise ValueError(f"{route.method} {route.path} is there twice")
            node.routes[route.method] = route

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route and the parameters in its path; raises Problem 404 or 405."""
        node, parameters = self._root, {}
        for part in path.strip("/").split("/"):
            if following := node.children.get(part):
                node = following
            elif node.parameter and part:
                name, node = node.parameter
                parameters[name] = part
            else:
                raise Problem(404, "There is no such path", f"See {PREFIX}/openapi.json.")
        route = node.routes.get(method) or (node.routes.get("GET") if method == "HEAD" else None)
        if route is not None:
            return route, parameters
        if not node.routes:
            raise Problem(404, "There is no such path", f"See {PREFIX}/openapi.json.")
        allowed = ", ".join(sorted(node.routes))
        raise Problem(
            405, "This cannot be done here", f"Allowed: {allowed}.", headers={"Allow": allowed}
        )


def _child(node: _Node, part: str) -> _Node:
    if not part.startswith("{"):
        return node.children.setdefault(part, _Node())
    name = part.strip("{}")
    if node.parameter is None:
        node.parameter = (name, _Node())
    if node.parameter[0] != name:
        raise ValueError(f"{{{name}}} and {{{node.parameter[0]}}} stand at the same place")
    return node.parameter[1]


class Api:
    """ASGI; mounted at /api/v1. `routes` are set once the catalogue has been read."""

    def __init__(self) -> None:
        self.routes = Routes(())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        call = Call(scope, receive)
        try:
            response = await self._answer(call)
        except ClientDisconnect:
            return
        except Exception as error:
            response = answer_to(error, scope)
        await response(scope, receive, send)

    async def _answer(self, call: Call) -> Response:
        scope = call.scope
        path = scope["path"].removeprefix(PREFIX)
        route, scope["path_params"] = self.routes.find(scope["method"], path)
        scope["state"]["route"] = PREFIX + route.path
        if route.known is not None:
            call.known = route.known
        if route.writes and route.opens:
            call.raw = await read_body(call, route.body_limit)
        if route.opens:
            return await entering.answer(call, route)
        return await route.handler(call)


async def read_body(call: Call, limit: int) -> bytes:
    """The whole body; raises Problem 413 as soon as it is longer than `limit` bytes."""
    too_large = Problem(413, "The body is too large", f"At most {limit:,} bytes.")
    announced = call.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > limit:
        raise too_large
    parts: list[bytes] = []
    size = 0
    async for part in call.stream():
        size += len(part)
        if size > limit:
            raise too_large
        parts.append(part)
    return b"".join(parts)


def answer_to(error: Exception, scope: Scope) -> Response:
    """The problem+json that an exception means."""
    problem = _problem(error, scope)
    body = problem.body(scope.get("state", {}).get("request_id", ""))
    return JSONResponse(
        body, problem.status, problem.headers, media_type="application/problem+json"
    )


def _problem(error: Exception, scope: Scope) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, asyncpg.InvalidAuthorizationSpecificationError):
        return unauthorized("The token or session is not valid any more.")
    if isinstance(error, asyncpg.PostgresError):
        found = from_postgres(error)
        if found.status >= 500:
            log.error("database error", **logs.database_error(error))
        return found
    if isinstance(error, ConnectionError | asyncpg.InterfaceError | TimeoutError):
        log.error("database not available", error=type(error).__name__)
        return Problem(
            503,
            "The database is not available",
            "Try again in a few seconds.",
            headers={"Retry-After": "2"},
        )
    log.error("unexpected error", route=route_of(scope), exc_info=error)
    return Problem(500, "Something went wrong on our side")
