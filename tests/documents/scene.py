"""Files and documents for the tests of this room."""

import hashlib
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from selectolax.lexbor import LexborHTMLParser

from crm.documents import samples

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}
JSON = {"Accept": "application/json"}
PDF = samples.pdf("Deed", ["One page."])
PNG = samples.picture("House")


def sha256(content: bytes) -> str:
    """Its checksum as the database keeps it."""
    return hashlib.sha256(content).hexdigest()


async def add(admin: asyncpg.Connection, table: str, **values: Any) -> UUID:
    """One row of a table, as the owner; gives its id."""
    columns, places = ", ".join(values), ", ".join(f"${n}" for n in range(1, len(values) + 1))
    made = await admin.fetchrow(
        f"insert into {table} ({columns}) values ({places}) returning id", *values.values()
    )
    assert made is not None
    return made["id"]


async def document(admin: asyncpg.Connection, name: str = "Deed.pdf", **more: Any) -> UUID:
    """A row without bytes."""
    return await add(admin, "documents", **({"name": name, "file_path": f"none/{name}"} | more))


async def row_of(admin: asyncpg.Connection, document_id: UUID) -> asyncpg.Record:
    """The row as it is stored."""
    row = await admin.fetchrow("select * from documents where id = $1", document_id)
    assert row is not None
    return row


async def upload(
    client: httpx.AsyncClient, file: str = "Deed.pdf", content: bytes = PDF, /, **fields: Any
) -> UUID:
    """A file sent as the upload element sends it; gives the id of the document."""
    answer = await client.post(
        "/documents", files={"file": (file, content)}, data=_texts(fields), headers=JSON
    )
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["location"].rpartition("/")[2])


async def upload_version(
    client: httpx.AsyncClient, document_id: UUID, content: bytes, name: str = "Deed.pdf"
) -> UUID:
    """The next version of a document; gives its id."""
    answer = await client.post(
        f"/documents/{document_id}/versions", files={"file": (name, content)}, headers=JSON
    )
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["location"].rpartition("/")[2])


def _texts(fields: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in fields.items()}


def page(html: str) -> Any:
    """The answer as a tree; loosely typed, a missing node fails the test where it is used."""
    return LexborHTMLParser(html)


def text(node: Any) -> str:
    """The words of a node or a whole page, spaces joined."""
    assert node is not None
    inner = node.body if isinstance(node, LexborHTMLParser) else node
    return " ".join(inner.text(separator=" ").split()) if inner else ""


def names(html: str) -> list[str]:
    """The names in the list, in order."""
    return [text(node) for node in page(html).css("tbody .who .truncate")]
