"""Around every request: an id, security headers, a guard against forged forms; static files."""

import asyncio
import secrets
import time
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles as _StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crm import logs
from crm.db import asking_tab
from crm.metrics import Metrics, route_of

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " font-src 'self'; connect-src 'self'; media-src 'self'; frame-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'; worker-src 'self'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# Asked every few seconds by machines: logged only when something is wrong.
QUIET = {"/healthz", "/readyz", "/metrics"}
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


def comes_from_elsewhere(headers: Headers) -> bool:
    """Whether a browser says that another site made this request (a forged form).

    Browsers send Sec-Fetch-Site, older ones Origin; a client that sends neither is no browser,
    and holds no cookie that a stranger's page could ride on.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


class Frame:
    """ASGI middleware around every request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give the request an id, refuse forged forms, add headers, log the outcome."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = logs.request_id(scope["headers"]) or secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        logs.begin_request(request_id)
        asking_tab.set(Headers(scope=scope).get("x-client-id", ""))
        outcome = _Outcome(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                _add_headers(scope["path"], headers, request_id)
                outcome.begin(message["status"], headers)
            await send(message)

        if scope["method"] not in SAFE_METHODS and comes_from_elsewhere(Headers(scope=scope)):
            refusal = PlainTextResponse(
                "This form was sent from another site. Open the page again.", 403
            )
            await refusal(scope, receive, send_with_headers)
            outcome.end()
            return
        try:
            await self.app(scope, receive, send_with_headers)
        finally:
            outcome.end()


class _Outcome:
    """What becomes of a request, for the log and the metrics."""

    __slots__ = ("_metrics", "_scope", "_started", "_status", "_stopping", "_stream")

    def __init__(self, scope: Scope) -> None:
        state = scope["app"].state
        self._scope = scope
        self._metrics: Metrics = state.metrics
        self._stopping: asyncio.Event = state.stopping
        self._started = time.perf_counter()
        self._status = 500  # when there is no answer, an error is on its way through
        self._stream = False

    def begin(self, status: int, headers: MutableHeaders) -> None:
        self._status = status
        if (
            self._stopping.is_set()
        ):  # this process ends: the next request belongs to another connection
            headers["Connection"] = "close"
        if headers.get("content-type", "").startswith("text/event-stream"):
            self._stream = True
            self._metrics.streams.inc()

    def end(self) -> None:
        seconds = time.perf_counter() - self._started
        if self._stream:
            self._metrics.streams.dec()
        scope, status = self._scope, self._status
        is_static = scope["path"].startswith("/static/")
        route = "/static/*" if is_static else route_of(scope)
        self._metrics.observe(route, scope["method"], status, seconds, self._stream)
        if not (is_static or (route in QUIET and status < 400)):
            logs.log_request(scope, route, status, seconds, stream=self._stream)


def _add_headers(path: str, headers: MutableHeaders, request_id: str) -> None:
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    headers["X-Request-Id"] = request_id
    if not path.startswith("/static/"):
        headers.setdefault("Cache-Control", "no-store")
        headers.add_vary_header("HX-Request, HX-Request-Type")


class StaticFiles(_StaticFiles):
    """Built files: named by their content, so kept for ever; sent compressed."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, or its .br or .gz sibling."""
        accepted = Request(scope).headers.get("accept-encoding", "")
        for encoding, suffix in (("br", ".br"), ("gzip", ".gz")):
            full, found = self.lookup_path(path + suffix) if encoding in accepted else ("", None)
            if found:
                kind = guess_type(Path(path).name)[0]
                response = FileResponse(full, stat_result=found, media_type=kind)
                response.headers["Content-Encoding"] = encoding
                break
        else:
            response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers.add_vary_header("Accept-Encoding")
        return response
