"""Switching the second factor on and off; the second step of signing in is in signing.py."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from crm.db import Database, Identity
from crm.http import Problem
from crm.users import codes, throttle
from crm.users.auth import CurrentUser, queries
from crm.users.profile import check_own_password
from crm.web import Db, render

router = APIRouter(prefix="/settings/second-factor")

Password = Annotated[str, Form(max_length=1000)]


@router.post("")
async def begin(db: Db, user: CurrentUser) -> Response:
    """A new secret that waits for its first code."""
    async with db.session(user) as connection:
        await queries.begin_second_factor(connection, secret=codes.new_secret())
    return RedirectResponse("/settings/second-factor", 303)


@router.get("")
async def set_up_page(request: Request, db: Db, user: CurrentUser) -> Response:
    """The QR code, the same as text, and a field for the first code."""
    factor = await _factor(db, user)
    if factor is None or factor["is_confirmed"]:
        return RedirectResponse("/settings/profile", 303)
    return _set_up(request, factor["secret"])


async def _factor(db: Database, user: Identity) -> dict[str, Any] | None:
    async with db.session(user) as connection:
        return await queries.my_second_factor(connection)


def _set_up(request: Request, secret: str, error: str = "", wait: int = 0) -> Response:
    status = 429 if wait else 422 if error else 200
    grouped = " ".join(secret[n : n + 4] for n in range(0, len(secret), 4))
    return render(
        request, "users/second_factor.html", status, throttle.wait_headers(wait),
        secret=grouped, error=throttle.wait_words(wait) if wait else error,
    )  # fmt: skip


@router.get("/qr.svg")
async def qr_code(request: Request, db: Db, user: CurrentUser) -> Response:
    """What the authenticator app reads; only until the first code."""
    factor = await _factor(db, user)
    if factor is None or factor["is_confirmed"]:
        raise Problem(404, "Page not found")
    address = codes.address(factor["secret"], user.email, request.app.state.workspace)
    return Response(codes.picture(address), media_type="image/svg+xml")


@router.post("/confirm")
async def confirm(
    request: Request, db: Db, user: CurrentUser, code: Annotated[str, Form(max_length=20)] = ""
) -> Response:
    """The first code proves that the app has the secret; shows the recovery codes, once."""
    factor = await _factor(db, user)
    if factor is None or factor["is_confirmed"]:
        return RedirectResponse("/settings/profile", 303)
    if wait := await throttle.take(db, request, "second-factor", str(user.user_id)):
        return _set_up(request, factor["secret"], wait=wait)
    step = codes.step_of(factor["secret"], code)
    if step is None:
        return _set_up(request, factor["secret"], "This code is not right. Try the next one.")
    await throttle.forget(db, request, "second-factor", str(user.user_id))
    fresh = codes.new_recovery_codes()
    async with db.session(user) as connection:
        await queries.confirm_second_factor(connection, step=step, codes=_hashes(fresh))
    return _codes_page(request, fresh, is_new=True)


def _hashes(fresh: list[str]) -> list[bytes]:
    return [codes.recovery_sha256(code) for code in fresh]


def _codes_page(request: Request, fresh: list[str], is_new: bool) -> Response:
    return render(request, "users/recovery_codes.html", codes=fresh, is_new=is_new)


@router.post("/codes")
async def renew_codes(
    request: Request, db: Db, user: CurrentUser, factor_password: Password = ""
) -> Response:
    """New recovery codes for who knows the password; the old ones end."""
    if refused := await check_own_password(request, db, user, factor_password, "factor_password"):
        return refused
    fresh = codes.new_recovery_codes()
    async with db.session(user) as connection:
        await queries.renew_recovery_codes(connection, codes=_hashes(fresh))
    return _codes_page(request, fresh, is_new=False)


@router.post("/off")
async def switch_off(
    request: Request, db: Db, user: CurrentUser, factor_password: Password = ""
) -> Response:
    """No codes any more, for who knows the password."""
    if refused := await check_own_password(request, db, user, factor_password, "factor_password"):
        return refused
    async with db.session(user) as connection:
        await queries.end_second_factor(connection)
    return RedirectResponse("/settings/profile?done=second-factor-off", 303)
