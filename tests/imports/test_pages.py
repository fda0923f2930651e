"""An import by hand: upload, match, watch, undo; with and without JavaScript."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from crm.imports.bad_rows import neutral
from tests.imports.conftest import FILES

pytestmark = pytest.mark.usefixtures("empty")

FILE = b"Name,Cell,Remarks\nAnn Bee,(415) 555-0132,Call later\n,,=1+1\nCarl Dee,415-555-0133,\n"


async def upload(client: httpx.AsyncClient, content: bytes, **headers: str) -> httpx.Response:
    return await client.post("/imports", files={"file": ("list.csv", content)}, headers=headers)


async def start(client: httpx.AsyncClient, address: str, **changes: str) -> httpx.Response:
    """Send the mapping form as it is shown."""
    page = HTMLParser((await client.get(address)).text)
    form: dict[str, Any] = {"duplicates": "update"}
    for choice in page.css("table.mapping select"):
        chosen = choice.css_first("option[selected]")
        form[choice.attributes["name"] or ""] = chosen.attributes["value"] if chosen else ""
    return await client.post(address, data=form | changes)


async def finished(client: httpx.AsyncClient, address: str) -> HTMLParser:
    """The result page, when the import has ended."""
    for _ in range(600):
        page = HTMLParser((await client.get(address)).text)
        if page.css_first("#progress") is None:
            return page
        await asyncio.sleep(0.1)
    raise AssertionError("the import did not end")


def text_of(page: Any, selector: str) -> str:
    """The words of the first element that matches."""
    found = page.css_first(selector)
    assert found is not None, selector
    return found.text()


def figures(page: HTMLParser) -> dict[str, str]:
    return {text_of(div, "dt"): text_of(div, "dd") for div in page.css("dl.figures > div")}


async def test_a_file_is_uploaded_matched_imported_and_taken_back(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    answer = await upload(client, FILE)
    assert answer.status_code == 303
    address = answer.headers["location"]
    page = HTMLParser((await client.get(address)).text)
    chosen = [o.attributes["value"] for o in page.css("table.mapping option[selected]")]
    assert chosen == ["full_name", "phone", "notes"]
    assert "Ann Bee, Carl Dee" in text_of(page, ".samples")
    assert (await start(client, address, add_tags="Spring, Mail")).status_code == 303
    page = await finished(client, address)
    assert figures(page) == {"Created": "2", "Updated": "0", "Skipped": "0", "Failed": "1"}
    rows = await admin.fetch("select first_name, get_contact_tags(id) t from contacts order by 1")
    assert [tuple(row) for row in rows] == [
        ("Ann", ["Mail", "Spring"]),
        ("Carl", ["Mail", "Spring"]),
    ]
    assert "list.csv" in (await client.get("/imports")).text
    assert (await client.post(f"{address}/undo")).status_code == 303
    assert await admin.fetchval("select count(*) from contacts") == 0
    assert "Undone" in (await client.get(address)).text


async def test_bad_rows_are_downloaded_with_reason_and_without_formulas(
    client: httpx.AsyncClient,
) -> None:
    address = (await upload(client, FILE)).headers["location"]
    await start(client, address)
    await finished(client, address)
    answer = await client.get(f"{address}/bad-rows.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows == [
        ["Line", "Reason", "Name", "Cell", "Remarks"],
        ["3", "no name, company, phone or email", "", "", "'=1+1"],
    ]


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"), ("@SUM(A1)", "'@SUM(A1)"), ("-2+3", "'-2+3"), ("\tx", "'\tx"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"), ("+14155550132", "+14155550132"),
        ("-12.5", "-12.5"), ("plain", "plain"),
    ],
)  # fmt: skip
def test_no_exported_cell_is_a_formula(cell: str, safe: str) -> None:
    assert neutral(cell) == safe


async def test_the_upload_element_gets_the_address_as_json(client: httpx.AsyncClient) -> None:
    answer = await upload(client, FILE, accept="application/json")
    assert answer.status_code == 201
    assert answer.json()["location"].startswith("/imports/")


async def test_the_columns_can_be_matched_otherwise(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    address = (await upload(client, FILE)).headers["location"]
    answer = await start(client, address, **{"map-0": "", "map-1": ""})
    assert answer.status_code == 422
    assert "No column is a name" in answer.text
    answer = await start(client, address, **{"map-0": "llc_name", "map-2": "llc_name"})
    assert answer.status_code == 422
    assert "can come from one column only" in answer.text
    await start(client, address, **{"map-0": "llc_name", "map-2": "custom"})
    await finished(client, address)
    assert (
        await admin.fetchval("select llc_name from contacts where phone1 = '+14155550132'")
        == "Ann Bee"
    )


async def test_the_encoding_can_be_chosen(client: httpx.AsyncClient) -> None:
    address = (await upload(client, "Name;Phone\nZoé Ünal;4155550132\n".encode("cp1252"))).headers[
        "location"
    ]
    answer = await client.post(f"{address}/layout", data={"encoding": "cp1252", "delimiter": ";"})
    assert "Zoé Ünal" in (await client.get(answer.headers["location"])).text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"), (b"PK\x03\x04x", "Excel workbook"), (b"Name,Phone\n", "no rows"),
        (bytes(range(256)) * 40, "binary file"),
        (",".join(f"c{n}" for n in range(5000)).encode(), "5,000 columns"),
    ],
    ids=["empty", "workbook", "header only", "binary", "5,000 columns"],
)  # fmt: skip
async def test_a_hopeless_file_is_refused_on_the_upload_page(
    content: bytes, words: str, client: httpx.AsyncClient
) -> None:
    answer = await upload(client, content)
    assert answer.status_code == 422
    assert words in text_of(HTMLParser(answer.text), ".notice.error")
    problem = await upload(client, content, accept="application/json")
    assert problem.status_code == 422
    assert words in problem.json()["detail"]


async def test_an_upload_that_announces_2_gb_is_refused_before_it_is_read(
    client: httpx.AsyncClient,
) -> None:
    taken = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(1000):
            taken += 1
            yield b"x" * 65536

    answer = await client.post(
        "/imports", content=body(),
        headers={"content-length": str(2**31), "content-type": "multipart/form-data; boundary=b"},
    )  # fmt: skip
    assert answer.status_code == 413
    assert "At most 50 MB" in answer.text
    assert taken <= 1


async def test_an_upload_that_hides_its_size_is_cut_off(
    app: FastAPI, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.state.settings, "max_upload_bytes", 100_000)
    folder = app.state.settings.data_dir / "uploads" / "imports"
    before = set(folder.glob("*")) if folder.exists() else set()

    async def body() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        for _ in range(10):
            yield b"x" * 50_000

    answer = await client.post(
        "/imports", content=body(), headers={"content-type": "multipart/form-data; boundary=b"}
    )
    assert answer.status_code == 413
    assert set(folder.glob("*")) == before


@pytest.mark.parametrize("body", [b"", b"--b--\r\n", b"garbage"])
async def test_a_request_without_a_file_is_told_so(body: bytes, client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/imports", content=body, headers={"content-type": "multipart/form-data; boundary=b"}
    )
    assert answer.status_code == 422


async def test_a_running_import_is_polled_and_cancelled(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    rows = b"".join(b"Person %d,415%07d,\n" % (n, 5550000 + n) for n in range(200_000))
    address = (await upload(client, b"Name,Cell,Remarks\n" + rows)).headers["location"]
    await start(client, address)
    region = await client.get(address, headers={"HX-Request-Type": "partial"})
    page = HTMLParser(region.text)
    assert page.css_first('#progress[hx-trigger="every 1s"]') is not None
    assert page.css_first("progress") is not None
    assert (
        await client.post(address, data={"map-0": "full_name", "map-1": "phone", "map-2": ""})
    ).status_code == 409
    await client.post(f"{address}/cancel")
    await finished(client, address)
    assert "Cancelled. Nothing was imported." in (await client.get(address)).text
    assert await admin.fetchval("select count(*) from contacts") == 0


async def test_the_second_of_two_imports_waits_for_the_first(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    first = (await upload(client, FILE)).headers["location"]
    second = (await upload(client, FILE)).headers["location"]
    async with admin.transaction():
        # Whoever holds this lock is merging contacts.
        await admin.execute("select pg_advisory_xact_lock(1229803084, 0)")
        await start(client, first)
        await start(client, second)
        await asyncio.sleep(0.5)
        assert "Waiting for another import" in (await client.get(second)).text
    results = [figures(await finished(client, address)) for address in (first, second)]
    assert sorted(result["Created"] for result in results) == ["0", "2"]
    assert await admin.fetchval("select count(*) from contacts") == 2


async def test_the_sample_file_can_be_downloaded(client: httpx.AsyncClient) -> None:
    answer = await client.get("/imports/sample.csv")
    assert answer.text.startswith("First Name,")
    assert (await upload(client, answer.content)).status_code == 303


async def test_a_real_export_passes_through_the_browser(client: httpx.AsyncClient) -> None:
    address = (await upload(client, (FILES / "propstream.csv").read_bytes())).headers["location"]
    assert "PropStream" in (await client.get(address)).text
    await start(client, address)
    page = await finished(client, address)
    assert figures(page) == {"Created": "3", "Updated": "0", "Skipped": "0", "Failed": "1"}
