"""The store, and that bytes and rows agree whatever happens between them."""

import asyncio
import io
import shutil
import signal
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from crm.config import ConfigurationError
from crm.db import Database, Identity
from crm.documents.storing import remove_due_files, upkeep
from crm.storage import FileGoneError, Storage, StorageError, new_key
from tests.browser.site import serving
from tests.conftest import Copy, running_app, settings_for_tests, signed_in

from .bucket import Bucket
from .scene import PDF, PNG, row_of, sha256, upload, upload_version


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage((tmp_path / "a folder").as_uri())


async def content(storage: Storage, key: str, start: int, end: int) -> bytes:
    return b"".join([block async for block in await storage.read(key, start, end)])


async def test_what_was_put_is_read_in_parts(storage: Storage) -> None:
    key = new_key(sha256(PDF))
    await storage.put(key, io.BytesIO(PDF))
    assert await storage.size(key) == len(PDF)
    assert await content(storage, key, 0, len(PDF)) == PDF
    assert await content(storage, key, 3, 9) == PDF[3:9]
    assert await content(storage, key, 0, 0) == b""


async def test_what_is_not_there_is_gone(storage: Storage) -> None:
    for key in ("ab/none", "../outside", "/etc/passwd"):
        with pytest.raises(FileGoneError):
            await storage.size(key)
        with pytest.raises(FileGoneError):
            await storage.read(key, 0, 1)
        await storage.delete(key)


async def test_a_store_that_cannot_be_written_says_so(storage: Storage, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "a folder")
    (tmp_path / "a folder").write_text("no folder")
    with pytest.raises(StorageError):
        await storage.put("ab/x", io.BytesIO(b"x"))


@pytest.mark.parametrize("url", ["nonsense", "ftp://host/x", "file:relative"])
def test_an_address_that_is_no_store_names_the_setting(url: str):
    with pytest.raises(ConfigurationError, match="CRM_STORAGE_URL"):
        Storage.of(settings_for_tests(storage_url=url))


def test_the_usual_place_is_a_folder_of_the_data_directory(tmp_path: Path):
    Storage.of(settings_for_tests(data_dir=tmp_path / "var"))
    assert (tmp_path / "var" / "documents").is_dir()


def files_in(app: FastAPI) -> set[str]:
    folder = app.state.settings.data_dir / "documents"
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


async def waiting(admin: asyncpg.Connection) -> set[str]:
    return {row[0] for row in await admin.fetch("select file_path from app.document_files")}


async def test_bytes_go_after_their_row_is_deleted(
    client: httpx.AsyncClient, admin: asyncpg.Connection, app: FastAPI
) -> None:
    one = await upload(client)
    path = (await row_of(admin, one))["file_path"]
    assert (await client.post(f"/documents/{one}/delete")).status_code == 303
    assert path not in files_in(app)
    assert path not in await waiting(admin)


async def test_bytes_stay_when_the_delete_is_taken_back(
    client: httpx.AsyncClient, admin: asyncpg.Connection, app: FastAPI
) -> None:
    one = await upload(client)
    path = (await row_of(admin, one))["file_path"]
    deleting = admin.transaction()
    await deleting.start()
    await admin.execute("delete from documents where id = $1", one)
    await deleting.rollback()
    await upkeep(app)
    assert path in files_in(app)


async def test_a_row_deleted_with_psql_takes_its_bytes_along(
    client: httpx.AsyncClient, admin: asyncpg.Connection, app: FastAPI
) -> None:
    one = await upload(client)
    path = (await row_of(admin, one))["file_path"]
    await admin.execute("delete from documents where id = $1", one)
    await upkeep(app)
    assert path not in files_in(app)


async def test_bytes_that_another_version_uses_stay(
    client: httpx.AsyncClient, admin: asyncpg.Connection, app: FastAPI
) -> None:
    first = await upload(client, "a.pdf", PDF)
    await upload_version(client, first, PNG, "b.png")
    await client.post(f"/documents/{first}/restore")
    path = (await row_of(admin, first))["file_path"]
    await admin.execute("delete from documents where id = $1", first)
    await upkeep(app)
    assert path in files_in(app)
    await admin.execute("delete from documents where file_path = $1", path)
    await upkeep(app)
    assert path not in files_in(app)


async def test_an_upload_under_way_is_left_alone_for_a_day(
    admin: asyncpg.Connection, app: FastAPI
) -> None:
    path = new_key(sha256(PDF))
    await app.state.storage.put(path, io.BytesIO(PDF))
    await admin.execute("select app.expect_document_file($1)", path)
    await upkeep(app)
    assert path in files_in(app)
    await admin.execute("update app.document_files set remove_after = now() - interval '1 minute'")
    assert await remove_due_files(app.state.db, app.state.storage) == 1
    assert path not in files_in(app)


async def test_more_than_one_batch_is_removed(admin: asyncpg.Connection, app: FastAPI) -> None:
    await admin.execute(
        "insert into app.document_files (file_path, remove_after)"
        " select 'zz/' || n, now() from generate_series(1, 250) n"
    )
    assert await remove_due_files(app.state.db, app.state.storage) == 250
    assert not await waiting(admin)


async def test_a_store_that_fails_keeps_the_list_for_later(
    admin: asyncpg.Connection, app: FastAPI, tmp_path: Path
) -> None:
    (tmp_path / "store").mkdir()
    broken = Storage((tmp_path / "store").as_uri())
    (tmp_path / "store" / "ab").mkdir()
    (tmp_path / "store" / "ab" / "x").mkdir()  # a folder cannot be removed as a file
    await admin.execute("insert into app.document_files values ('ab/x', now())")
    with pytest.raises(StorageError):
        await remove_due_files(app.state.db, broken)
    assert await waiting(admin) == {"ab/x"}
    await admin.execute("delete from app.document_files")


CRASH = """
    import asyncio, io, os, signal, sys
    from pathlib import Path
    from crm import sql
    from crm.db import Database
    from crm.documents.receiving import Received
    from crm.documents.storing import stored
    from crm.storage import Storage

    async def main():
        db = Database(sys.argv[1], pool_size=1)
        await db.open()
        file = Received("deed.pdf", io.BytesIO(b"%PDF-1.4"), 8, "ab" * 32)
        async with stored(db, Storage(sys.argv[2]), file):
            os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(main())
"""


async def test_a_crash_between_bytes_and_row_leaves_no_row_and_bytes_that_go(
    database: Copy, admin: asyncpg.Connection, app: FastAPI
) -> None:
    before = await admin.fetchval("select count(*) from documents")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(CRASH), database.app_dsn, app.state.storage.url
    )
    assert await process.wait() == -signal.SIGKILL
    assert await admin.fetchval("select count(*) from documents") == before
    (path,) = await waiting(admin)
    assert path in files_in(app)
    await admin.execute("update app.document_files set remove_after = now()")
    await upkeep(app)
    assert path not in files_in(app)
    assert not await waiting(admin)


@pytest.mark.parametrize(
    "statement",
    [
        "select * from app.document_files",
        "insert into app.document_files values ('x', now())",
        "select app.forget_document_files('{x}')",
        "select app.due_document_files(1)",
        "select app.expect_document_file('x')",
        "select app.count_document_access(gen_random_uuid())",
    ],
)
async def test_people_cannot_touch_the_list_of_bytes(
    pool: Database, alice: Identity, statement: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pool.session(alice) as connection:
            await connection.execute(statement)


@pytest.fixture
async def bucket(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bucket]:
    """A bucket on this machine, and the variables that lead to it."""
    made = Bucket()
    async with serving(made.app) as address:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1", "AWS_ENDPOINT": address, "AWS_ALLOW_HTTP": "true",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        yield made


async def test_a_bucket_is_a_store_like_any_other(bucket: Bucket) -> None:
    storage = Storage("s3://bucket/pre/fix")
    key, big = new_key(sha256(PDF)), bytes(12 << 20)
    await storage.put(key, io.BytesIO(PDF))
    assert bucket.objects == {f"pre/fix/{key}": PDF}
    await storage.put("zz/big", io.BytesIO(big))
    assert bucket.objects["pre/fix/zz/big"] == big
    assert bucket.largest_part <= 5 << 20
    assert await storage.size("zz/big") == len(big)
    assert await content(storage, key, 3, 9) == PDF[3:9]
    await storage.delete(key)
    await storage.delete(key)
    assert list(bucket.objects) == ["pre/fix/zz/big"]
    with pytest.raises(FileGoneError):
        await storage.size(key)
    with pytest.raises(FileGoneError):
        await storage.read(key, 0, 1)


async def test_an_application_on_a_bucket_stores_and_sends(
    bucket: Bucket, database: Copy, alice: Identity, tmp_path: Path
) -> None:
    url = "s3://bucket/pre"
    async with (
        running_app(database, data_dir=tmp_path, storage_url=url) as app,
        await signed_in(app, alice) as client,
    ):
        one = await upload(client, "House.png", PNG)
        answer = await client.get(f"/documents/{one}/content", headers={"Range": "bytes=0-7"})
        await client.post(f"/documents/{one}/delete")
    assert answer.content == PNG[:8]
    assert bucket.objects == {}
    assert not (tmp_path / "documents").exists()
