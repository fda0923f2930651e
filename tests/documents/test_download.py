"""Downloads: names, ranges, validators, and what a browser may do with a file."""

import asyncio
from uuid import UUID

import asyncpg
import httpx
import pytest

from .scene import PDF, PNG, document, page, row_of, text, upload

TEXT = b"name,phone\r\n" + b"Ann,1\r\n" * 500


@pytest.fixture(scope="module")
def kept() -> dict[str, UUID]:
    """Documents by name, each uploaded once."""
    return {}


async def there(client: httpx.AsyncClient, kept: dict, name: str, content: bytes) -> str:
    if name not in kept:
        kept[name] = await upload(client, name, content)
    return f"/documents/{kept[name]}/content"


async def test_a_file_comes_back_as_it_was(client: httpx.AsyncClient, kept: dict) -> None:
    answer = await client.get(await there(client, kept, "deed.pdf", PDF))
    assert (answer.status_code, answer.content) == (200, PDF)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-length"] == str(len(PDF))
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["content-disposition"].startswith('inline; filename="deed.pdf"')


async def test_a_text_is_neither_compressed_nor_guessed(
    client: httpx.AsyncClient, kept: dict
) -> None:
    path = await there(client, kept, "list.csv", TEXT)
    shown = await client.get(path)
    assert (shown.content, shown.headers["content-encoding"]) == (TEXT, "identity")
    assert shown.headers["content-type"] == "text/plain; charset=utf-8"
    saved = await client.get(f"{path}?download=1")
    assert saved.headers["content-type"].startswith("text/csv")
    assert saved.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.html", b"<script>alert(document.domain)</script>"),
        ("page.pdf", b"<html><script>alert(1)</script>"),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("thing.bin", bytes(range(256))),
    ],
)
async def test_a_page_in_disguise_is_only_ever_a_download(
    client: httpx.AsyncClient, kept: dict, name: str, content: bytes
) -> None:
    answer = await client.get(await there(client, kept, name, content))
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_a_type_written_with_psql_is_not_believed(
    client: httpx.AsyncClient, kept: dict, admin: asyncpg.Connection
) -> None:
    path = await there(client, kept, "evil.bin", b"<script>")
    await admin.execute(
        "update documents set mime_type = 'text/html' where id = $1", kept["evil.bin"]
    )
    answer = await client.get(path)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")


async def test_what_is_shown_runs_nothing_and_is_framed_by_us_only(
    client: httpx.AsyncClient, kept: dict
) -> None:
    for name, content in (("deed.pdf", PDF), ("house.png", PNG)):
        answer = await client.get(await there(client, kept, name, content))
        rules = answer.headers["content-security-policy"]
        assert "default-src 'none'" in rules
        assert "script-src" not in rules
        assert "frame-ancestors 'self'" in rules
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "sandbox" in rules


async def test_a_name_in_any_script_is_saved_under(client: httpx.AsyncClient, kept: dict) -> None:
    answer = await client.get(await there(client, kept, "契約書.pdf", PDF))
    said = answer.headers["content-disposition"]
    assert said.endswith("filename*=UTF-8''%E5%A5%91%E7%B4%84%E6%9B%B8.pdf")


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=100-", 100, len(TEXT)),
        ("bytes=-5", len(TEXT) - 5, len(TEXT)),
        ("bytes=-99999999", 0, len(TEXT)),
        ("bytes=3000-99999999", 3000, len(TEXT)),
    ],
)
async def test_a_part_is_sent(
    client: httpx.AsyncClient, kept: dict, asked: str, start: int, end: int
) -> None:
    path = await there(client, kept, "list.csv", TEXT)
    answer = await client.get(path, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, TEXT[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(TEXT)}"
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,4-5", "bytes=-", "bytes=5-2", "lines=1-2", "bytes=x-y"]
)
async def test_what_is_no_single_range_is_answered_with_everything(
    client: httpx.AsyncClient, kept: dict, asked: str
) -> None:
    path = await there(client, kept, "list.csv", TEXT)
    answer = await client.get(path, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, TEXT)


@pytest.mark.parametrize("asked", ["bytes=99999-", "bytes=-0", "bytes=" + "9" * 300 + "-"])
async def test_a_part_that_does_not_exist_says_how_much_there_is(
    client: httpx.AsyncClient, kept: dict, asked: str
) -> None:
    path = await there(client, kept, "list.csv", TEXT)
    answer = await client.get(path, headers={"Range": asked})
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(TEXT)}")


async def test_a_known_file_is_not_sent_again(
    client: httpx.AsyncClient, kept: dict, admin: asyncpg.Connection
) -> None:
    path = await there(client, kept, "deed.pdf", PDF)
    tag = (await client.get(path)).headers["etag"]
    assert tag == f'"{(await row_of(admin, kept["deed.pdf"]))["checksum"]}"'
    for asked in (tag, f'"other", W/{tag}', "*"):
        answer = await client.get(path, headers={"If-None-Match": asked})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
    assert (await client.get(path, headers={"If-None-Match": '"x"'})).status_code == 200


async def test_a_part_of_a_changed_file_is_the_whole_file(
    client: httpx.AsyncClient, kept: dict
) -> None:
    path = await there(client, kept, "list.csv", TEXT)
    tag = (await client.get(path)).headers["etag"]
    same = await client.get(path, headers={"Range": "bytes=0-3", "If-Range": tag})
    other = await client.get(path, headers={"Range": "bytes=0-3", "If-Range": '"x"'})
    assert (same.status_code, other.status_code) == (206, 200)


async def test_head_says_the_same_without_the_content(
    client: httpx.AsyncClient, kept: dict
) -> None:
    path = await there(client, kept, "deed.pdf", PDF)
    whole, head = await client.get(path), await client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    names = ("content-length", "content-type", "etag", "content-disposition", "accept-ranges")
    assert [head.headers[name] for name in names] == [whole.headers[name] for name in names]
    part = await client.head(path, headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.headers["content-length"]) == (206, "10")


async def test_reading_is_counted_and_is_no_change(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    one = await upload(client)
    before = await row_of(admin, one)
    await client.get(f"/documents/{one}/content")
    await client.get(f"/documents/{one}/content", headers={"Range": "bytes=0-9"})
    await client.get(f"/documents/{one}/content", headers={"Range": "bytes=10-"})
    await client.head(f"/documents/{one}/content")
    after = await row_of(admin, one)
    assert (before["access_count"], after["access_count"]) == (0, 2)
    assert after["last_accessed_at"] is not None
    assert after["updated_at"] == before["updated_at"]


async def test_a_file_that_is_gone_is_said_to_be_gone(
    client: httpx.AsyncClient, admin: asyncpg.Connection
) -> None:
    for path in ("documents/none", "../../../etc/passwd", "/etc/passwd"):
        one = await document(admin, file_path=path, mime_type="application/pdf")
        answer = await client.get(f"/documents/{one}/content")
        assert answer.status_code == 410
        assert "The file is gone" in text(page(answer.text))
        shown = await client.get(f"/documents/{one}")
        assert shown.status_code == 200
        assert "is gone" in text(page(shown.text))


async def test_many_read_the_same_file_at_once(client: httpx.AsyncClient, kept: dict) -> None:
    path = await there(client, kept, "house.png", PNG)
    answers = await asyncio.gather(*(client.get(path) for _ in range(20)))
    assert {answer.content for answer in answers} == {PNG}
