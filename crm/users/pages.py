"""The pages of this room, each in a file of its name."""

from fastapi import APIRouter

from crm.users import (
    first_run,
    joining,
    people,
    profile,
    resets,
    second_factor,
    signing,
    tokens,
    workspace,
)

router = APIRouter()
for page in (
    signing,
    first_run,
    resets,
    joining,
    workspace,
    profile,
    second_factor,
    people,
    tokens,
):
    router.include_router(page.router)
