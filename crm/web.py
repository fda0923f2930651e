"""Pages: Jinja2 templates, the values every page has, and the filters they use."""

import json
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import phonenumbers
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from crm.db import Database

PACKAGE = Path(__file__).parent
DIST = PACKAGE / "static" / "dist"
HUES = ("h25", "h75", "h145", "h190", "h200", "h240", "h265", "h285")


class AssetsMissingError(Exception):
    """The bundles were not built."""


@cache
def _manifest() -> dict[str, str]:
    try:
        return json.loads((DIST / "manifest.json").read_text())
    except FileNotFoundError:
        raise AssetsMissingError("The web assets are not built: run `make assets`.") from None


def asset(name: str) -> str:
    """The address of a built file, such as app.css; raises AssetsMissingError."""
    return f"/static/{_manifest()[name]}"


def ago(moment: datetime | None) -> str:
    """`now`, `5m`, `3h`, `Tue 14:20`, `12 Nov`, `12 Nov 2025`; `in 3h` for the future."""
    if moment is None:
        return ""
    now = datetime.now(UTC)
    seconds = (now - moment).total_seconds()
    short = _short_span(abs(seconds))
    if short:
        return short if seconds >= 0 or short == "now" else f"in {short}"
    if abs(seconds) < 6 * 86400:
        return f"{moment:%a %H:%M}"
    return (
        f"{moment.day} {moment:%b}" if moment.year == now.year else f"{moment.day} {moment:%b %Y}"
    )


def _short_span(seconds: float) -> str:
    if seconds < 60:
        return "now"
    if seconds < 3600:
        return f"{int(seconds // 60)}m"
    return f"{int(seconds // 3600)}h" if seconds < 86400 else ""


@cache
def _international(e164: str) -> str:
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return e164
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def phone(e164: str | None) -> str:
    """+14155550132 as `+1 (415) 555-0132`; other countries in their international form."""
    if not e164:
        return ""
    if len(e164) == 12 and e164.startswith("+1"):
        return f"+1 ({e164[2:5]}) {e164[5:8]}-{e164[8:]}"
    return _international(e164) if e164.startswith("+") else e164


def money(value: Decimal | float | None) -> str:
    """8800 as `$8,800`, 8800.5 as `$8,800.50`, -3 as `-$3`."""
    if value is None:
        return ""
    sign, amount = ("-" if value < 0 else ""), abs(value)
    return f"{sign}${amount:,.0f}" if amount == int(amount) else f"{sign}${amount:,.2f}"


def figure(value: Decimal | float | None) -> str:
    """1480 as `1,480`, 2.50 as `2.5`."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}".rstrip("0")


def file_size(size: int | None) -> str:
    """1234 as `1.2 KB`, 52428800 as `50 MB`, as people's file managers say it."""
    if size is None:
        return ""
    amount, unit = float(size), "B"
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1024 or unit == "GB":
            break
        amount /= 1024
    return (
        f"{amount:.1f}".removesuffix(".0") + f" {unit}" if amount < 10 else f"{amount:.0f} {unit}"
    )


def duration(seconds: float | None) -> str:
    """0.0042 as `4.2 ms`, 75 as `75 s`, 600 as `10 min`, 90000 as `25 h`, then days."""
    if seconds is None:
        return ""
    units = ((1, 0.001, "ms"), (120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h"))
    fitting = ((size, unit) for most, size, unit in units if seconds < most)
    size, unit = next(fitting, (86_400, "days"))
    amount = seconds / size
    return (
        f"{amount:.1f}".removesuffix(".0") + f" {unit}" if amount < 10 else f"{amount:.0f} {unit}"
    )


def mail_address(address: str) -> str:
    """An address as it stands in a mailto: link; what would begin something else is escaped."""
    return quote(address, safe="@")  # much faster than Jinja's urlencode, which escapes the @


@lru_cache(maxsize=10_000)
def initials(name: str) -> str:
    """`Ana Ruiz` as `AR`, `Northside LLC` as `NL`, an empty name as `?`."""
    words = [word for word in name.split() if word[:1].isalnum()]
    return (
        "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()
        or "?"
    )


@lru_cache(maxsize=10_000)
def hue(key: object) -> str:
    """A colour class that stays the same for the same key."""
    return HUES[zlib.crc32(str(key).encode()) % len(HUES)]


@cache
def environment() -> Environment:
    """The template environment: crm/templates and every room's own folder."""
    folders = [PACKAGE / "templates", *sorted(PACKAGE.glob("*/templates"))]
    env = Environment(
        loader=FileSystemLoader(folders),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(
        ago=ago,
        phone=phone,
        money=money,
        figure=figure,
        initials=initials,
        hue=hue,
        file_size=file_size,
        mail_address=mail_address,
        duration=duration,
        number="{:,}".format,
    )
    env.globals.update(asset=asset)
    return env


def zone(request: Request) -> tzinfo:
    """The visitor's time zone; the workspace's until their browser has told theirs."""
    return browser_zone(request) or zone_named(request.app.state.timezone)


def browser_zone(request: Request) -> ZoneInfo | None:
    """The time zone that the browser tells in a cookie; None when it told none that exists."""
    try:
        return ZoneInfo(unquote(request.cookies["tz"]))
    except (KeyError, ValueError, OSError, ZoneInfoNotFoundError):
        return None


def zone_named(name: str) -> tzinfo:
    """The time zone of this name; UTC when this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return UTC


@cache
def time_zones() -> list[str]:
    """Names to choose from that people know: Europe/Berlin and its like, and UTC."""
    areas = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Pacific/")
    return ["UTC", *sorted(name for name in available_timezones() if name.startswith(areas))]


def local(row: Mapping[str, Any], where: tzinfo) -> dict[str, Any]:
    """A row with its moments in a time zone, for what is told as a day or a time of day."""
    return {
        key: value.astimezone(where) if isinstance(value, datetime) and value.tzinfo else value
        for key, value in row.items()
    }


def seen_version(text: object) -> datetime | None:
    """The updated_at that a form was made with; None for what is no moment."""
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None


def is_partial(request: Request) -> bool:
    """Whether htmx asks for a region of the page, not the page."""
    return request.headers.get("HX-Request-Type") == "partial"


def render(
    request: Request,
    template: str,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:
    """A page or a region of it.

    Every template has user, nav, demo, request, workspace and place (where its events begin).
    """
    base = {
        "request": request,
        "user": getattr(request.state, "user", None),
        "nav": request.url.path.split("/")[1],
        "demo": request.app.state.settings.demo,
        "workspace": request.app.state.workspace,
        "place": getattr(request.state, "place", ""),
    }
    html = environment().get_template(template).render(base | context)
    return HTMLResponse(html, status, headers)


def database(request: Request) -> Database:
    """The application's database."""
    return request.app.state.db


Db = Annotated[Database, Depends(database)]
