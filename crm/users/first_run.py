"""The first run: name the workspace and create its owner."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from crm.users import passwords
from crm.users.auth import queries, start_session
from crm.web import Db, render

router = APIRouter()


@router.get("/setup")
async def setup_page(request: Request, db: Db) -> Response:
    """The form of the first run."""
    async with db.service() as connection:
        if await queries.is_set_up(connection):
            return RedirectResponse("/sign-in", 303)
    return render(request, "setup.html", values={}, errors={})


@router.post("/setup")
async def setup(
    request: Request,
    db: Db,
    workspace: Annotated[str, Form(max_length=100)] = "",
    name: Annotated[str, Form(max_length=200)] = "",
    email: Annotated[str, Form(max_length=255)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Create the owner and sign them in. Does nothing once there is one."""
    async with db.service() as connection:
        if await queries.is_set_up(connection):  # before the CPU of a hash is spent on strangers
            return RedirectResponse("/sign-in", 303)
    values = {"workspace": workspace.strip(), "name": name.strip(), "email": email.strip()}
    errors = {key: "Please fill this in." for key, value in values.items() if not value}
    if values["email"] and "@" not in values["email"]:
        errors["email"] = "This is not an email address."
    if weak := await passwords.weakness_in_thread(password, *values.values()):
        errors["password"] = weak
    if errors:
        return render(request, "setup.html", 422, values=values, errors=errors)
    hashed = await passwords.hash_in_thread(password)
    response = RedirectResponse("/", 303)
    async with db.service() as connection:
        user_id = await queries.create_owner(connection, password_hash=hashed, **values)
        if user_id is None:
            return RedirectResponse("/sign-in", 303)
        await start_session(connection, request, response, user_id)
    request.app.state.workspace = values["workspace"]
    return response
