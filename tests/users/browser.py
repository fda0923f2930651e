"""What the tests of this room do in a browser again and again."""

import re
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI
from pyotp.totp import TOTP
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from crm.db import Identity
from tests.cast import PASSWORD

NEW_PASSWORD = "seven purple walnuts ride"
STEP = 30


@asynccontextmanager
async def stranger(app: FastAPI, address: str = "127.0.0.1"):
    """A browser that nobody is signed in to, at an IP address."""
    transport = httpx.ASGITransport(app, client=(address, 1234))
    async with httpx.AsyncClient(transport=transport, base_url="http://crm.test") as client:
        yield client


async def sign_in(
    client: httpx.AsyncClient, person: Identity | str, password: str = PASSWORD, **more: str
) -> httpx.Response:
    """Send the sign-in form."""
    email = person if isinstance(person, str) else person.email
    return await client.post("/sign-in", data={"email": email, "password": password} | more)


def value_of(page: httpx.Response, selector: str) -> str:
    """The value of a field, such as a link to copy."""
    found = HTMLParser(page.text).css_first(selector)
    assert found is not None, page.text
    return found.attributes["value"] or ""


def path_of(text: Any) -> str:
    """The path of the link in a mail."""
    found = re.search(r"https?://[^/\s]+(/\S+)", str(text))
    assert found, text
    return found[1]


def code_at(secret: str, now: float, steps: int = 0) -> str:
    """The code of the authenticator app, `steps` of 30 seconds from `now`."""
    return TOTP(secret).at(int(now) + steps * STEP)
