"""Uploads: what becomes of a file, what is refused, and that nothing half is ever kept."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from crm.db import Identity
from tests.conftest import Copy, running_app, signed_in

from .scene import JSON, PDF, PNG, add, page, row_of, sha256, text, upload, upload_version


def files_in(app: FastAPI) -> set[Path]:
    """Every file of the store."""
    folder = app.state.settings.data_dir / "documents"
    return {path for path in folder.rglob("*") if path.is_file()}


async def count(admin: asyncpg.Connection) -> int:
    return int(await admin.fetchval("select count(*) from documents") or 0)


async def test_a_file_becomes_a_document(
    client: httpx.AsyncClient, admin: asyncpg.Connection, app: FastAPI, alice: Identity
) -> None:
    person = await add(admin, "contacts", first_name="Ann")
    one = await upload(client, "Deed of sale.pdf", PDF, contact_id=person)
    row = await row_of(admin, one)
    assert row["name"] == row["original_name"] == "Deed of sale.pdf"
    assert (row["file_size"], row["checksum"]) == (len(PDF), sha256(PDF))
    assert (row["mime_type"], row["file_extension"]) == ("application/pdf", "pdf")
    assert (row["contact_id"], row["uploaded_by"]) == (person, alice.user_id)
    assert (row["version"], row["document_type"]) == (1, "other")
    stored = app.state.settings.data_dir / "documents" / row["file_path"]
    assert stored.read_bytes() == PDF
    assert sha256(PDF) in row["file_path"]
    assert await admin.fetchval("select count(*) from app.document_files") == 0


async def test_what_people_say_about_a_file_is_kept(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await upload(
        client, "x.png", PNG, name="  Front of the house ", document_type="report",
        description="From the street", tags="roof, photos, roof,",
    )  # fmt: skip
    row = await row_of(admin, one)
    assert (row["name"], row["document_type"]) == ("Front of the house", "report")
    assert (row["description"], row["tags"]) == ("From the street", ["roof", "photos"])


async def test_a_picture_is_an_image_without_being_told(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    assert (await row_of(admin, await upload(client, "x.png", PNG)))["document_type"] == "image"


async def test_the_same_file_twice_is_two_documents_with_their_own_bytes(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    rows = [await row_of(admin, await upload(client)) for _ in range(2)]
    assert rows[0]["checksum"] == rows[1]["checksum"]
    assert rows[0]["file_path"] != rows[1]["file_path"]


async def test_several_files_of_one_form_are_several_documents(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    before = await count(admin)
    answer = await client.post(
        "/documents", files=[("file", ("a.pdf", PDF)), ("file", ("b.png", PNG))]
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/documents")
    assert await count(admin) == before + 2


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("../../../etc/cron.d/x.pdf", "x.pdf"), ("契約書 Köln.pdf", "契約書 Köln.pdf")],
)
async def test_a_name_is_for_people_and_never_a_path(
    client: httpx.AsyncClient, admin: asyncpg.Connection, sent: str, kept: str
) -> None:
    row = await row_of(admin, await upload(client, sent))
    assert row["name"] == kept
    assert kept.rpartition(".")[0] not in row["file_path"]
    assert ".." not in row["file_path"]


REFUSED = [
    ("setup.exe", b"MZ\x90\x00" + bytes(50), 415, "Programs are not stored"),
    ("invoice.pdf", b"MZ\x90\x00" + bytes(50), 415, "Programs are not stored"),
    ("empty.pdf", b"", 422, "This file is empty"),
]


@pytest.mark.parametrize(("name", "content", "status", "title"), REFUSED)
async def test_programs_and_empty_files_are_refused(
    client: httpx.AsyncClient, admin: asyncpg.Connection, app: FastAPI,
    name: str, content: bytes, status: int, title: str,
) -> None:  # fmt: skip
    before, stored = await count(admin), files_in(app)
    answer = await client.post("/documents", files={"file": (name, content)}, headers=JSON)
    assert (answer.status_code, answer.json()["title"]) == (status, title)
    assert answer.json()["errors"][0]["field"] == "file"
    assert await count(admin) == before
    assert files_in(app) == stored


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"contact_id": str(uuid4())}, 409),
        ({"contact_id": "nobody"}, 422),
        ({"document_type": "poem"}, 422),
        ({"name": "x" * 501}, 422),
        ({"name": "a\x00b"}, 422),
        ({"tags": ",".join(map(str, range(31)))}, 422),
    ],
)
async def test_wrong_words_leave_no_row_and_no_bytes(
    client: httpx.AsyncClient, admin: asyncpg.Connection, app: FastAPI,
    fields: dict[str, str], status: int,
) -> None:  # fmt: skip
    before, stored = await count(admin), files_in(app)
    answer = await client.post(
        "/documents", files={"file": ("a.pdf", PDF)}, data=fields, headers=JSON
    )
    assert answer.status_code == status, answer.text
    assert await count(admin) == before
    assert files_in(app) == stored


def body(*parts: bytes, end: bytes = b"--x--\r\n") -> bytes:
    return b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + end


FILE = b'Content-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n' + PDF
BROKEN = {
    "cut off": body(FILE, end=b""),
    "cut in the middle": body(FILE)[:-200],
    "no boundary at all": PDF,
    "no file": body(b'Content-Disposition: form-data; name="name"\r\n\r\nx'),
    "no name": body(b"Content-Type: application/pdf\r\n\r\nx"),
    "nothing": b"",
    "a bad header": b"--x\r\nContent-Disposition\r\n\r\nx\r\n--x--\r\n",
}


@pytest.mark.parametrize("what", BROKEN)
async def test_a_broken_form_stores_nothing(
    client: httpx.AsyncClient, admin: asyncpg.Connection, app: FastAPI, what: str
) -> None:
    before, stored = await count(admin), files_in(app)
    answer = await client.post(
        "/documents", content=BROKEN[what],
        headers={"Content-Type": "multipart/form-data; boundary=x"} | JSON,
    )  # fmt: skip
    assert answer.status_code == 422, answer.text
    assert await count(admin) == before
    assert files_in(app) == stored


@pytest.mark.parametrize(
    "kind",
    ["application/json", "multipart/form-data", "multipart/form-data; boundary=" + "x" * 999],
)
async def test_what_is_no_form_with_a_file_is_refused(client: httpx.AsyncClient, kind: str) -> None:
    answer = await client.post("/documents", content=b"{}", headers={"Content-Type": kind} | JSON)
    assert answer.status_code == 422


async def test_fields_are_limited_too(client: httpx.AsyncClient) -> None:
    many = body(*(b'Content-Disposition: form-data; name="f%d"\r\n\r\nx' % n for n in range(40)))
    long = body(b'Content-Disposition: form-data; name="name"\r\n\r\n' + b"x" * 30_000)
    for sent in (many, long):
        answer = await client.post(
            "/documents", content=sent, headers={"Content-Type": "multipart/form-data; boundary=x"}
        )
        assert answer.status_code == 413


@pytest.fixture(scope="module")
async def small(database: Copy, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FastAPI]:
    """The application with a limit of 100,000 bytes."""
    data = tmp_path_factory.mktemp("small")
    async with running_app(database, data_dir=data, max_upload_bytes=100_000) as app:
        yield app


async def test_too_large_a_file_is_refused_while_it_arrives(
    small: FastAPI, alice: Identity, admin: asyncpg.Connection
) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
        for _ in range(1000):
            taken += 10_000
            yield bytes(10_000)

    before = await count(admin)
    async with await signed_in(small, alice) as client:
        answer = await client.post(
            "/documents", content=endless(),
            headers={"Content-Type": "multipart/form-data; boundary=x"} | JSON,
        )  # fmt: skip
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (413, "file")
    assert await count(admin) == before
    assert files_in(small) == set()


async def test_the_limit_itself_is_allowed(
    small: FastAPI, alice: Identity, admin: asyncpg.Connection
) -> None:
    async with await signed_in(small, alice) as client:
        one = await upload(client, "a.bin", bytes(100_000))
        answer = await client.post(
            "/documents", files={"file": ("b.bin", bytes(100_001))}, headers=JSON
        )
    assert (await row_of(admin, one))["file_size"] == 100_000
    assert answer.status_code == 413


async def test_a_page_says_what_was_wrong(client: httpx.AsyncClient) -> None:
    answer = await client.post("/documents", files={"file": ("a.exe", b"MZ\x00")})
    assert answer.status_code == 415
    assert "Programs are not stored" in text(page(answer.text))


async def test_a_new_version_keeps_the_words_and_takes_the_file(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    person = await add(admin, "contacts", first_name="Ann")
    first = await upload(client, "Deed.pdf", PDF, contact_id=person, tags="a", name="The deed")
    second = await row_of(admin, await upload_version(client, first, PNG, "scan.png"))
    assert (second["version"], second["parent_document_id"]) == (2, first)
    assert (second["name"], second["tags"]) == ("The deed", ["a"])
    assert (second["contact_id"], second["original_name"]) == (person, "scan.png")
    assert (second["mime_type"], second["checksum"]) == ("image/png", sha256(PNG))


async def test_two_versions_uploaded_at_once_are_two_and_three(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    first = await upload(client)
    made = await asyncio.gather(*(upload_version(client, first, PDF) for _ in range(2)))
    assert sorted([(await row_of(admin, one))["version"] for one in made]) == [2, 3]


async def test_a_restored_version_has_the_bytes_of_the_old_one(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    first = await upload(client, "Deed.pdf", PDF)
    await upload_version(client, first, PNG, "scan.png")
    answer = await client.post(f"/documents/{first}/restore")
    third = await row_of(admin, UUID(answer.headers["location"].rpartition("/")[2]))
    old = await row_of(admin, first)
    assert (third["version"], third["file_path"]) == (3, old["file_path"])
    assert (third["checksum"], third["original_name"]) == (sha256(PDF), "Deed.pdf")


def _peak() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")


@pytest.fixture
def peak() -> Callable[[], int]:
    """A function that says by how many bytes the memory of this process has peaked since."""
    reset = Path("/proc/self/clear_refs")
    if not reset.exists():
        pytest.skip("needs Linux to measure the memory")
    reset.write_text("5")
    before = _peak()
    return lambda: _peak() - before


async def test_sixty_megabytes_are_never_in_memory(
    database: Copy, alice: Identity, tmp_path: Path, peak: Callable[[], int]
) -> None:
    megabyte = bytes(range(256)) * 4096

    async def sixty() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="film.mp4"\r\n\r\n'
        for _ in range(60):
            for start in range(0, len(megabyte), 65536):
                yield megabyte[start : start + 65536]
        yield b"\r\n--x--\r\n"

    async with running_app(database, data_dir=tmp_path, max_upload_bytes=64 << 20) as app:
        async with await signed_in(app, alice) as client:
            answer = await client.post(
                "/documents", content=sixty(),
                headers={"Content-Type": "multipart/form-data; boundary=x"} | JSON,
            )  # fmt: skip
            assert answer.status_code == 201, answer.text
        stored = files_in(app)
    assert [path.stat().st_size for path in stored] == [60 << 20]
    assert peak() < 30 << 20
