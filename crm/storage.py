"""The file store: bytes under a key, in a folder of this machine or in a bucket of S3.

Keys are made by `new_key` and hold the SHA-256 of the content; none is given twice, and nobody
guesses one. Nothing here knows what a document is.
"""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from crm.config import ConfigurationError, Settings

# A file in flight costs a few of these in memory. S3 takes no smaller part than 5 MB.
_PART_BYTES = 5 * 1024 * 1024
_FOLDER_PART_BYTES = 1024 * 1024
_BLOCK_BYTES = 256 * 1024
# ValueError, TypeError: no key at all, such as ../../etc/passwd.
_NO_SUCH_KEY = (FileNotFoundError, NotFoundError, ValueError, TypeError)


class StorageError(Exception):
    """The store does not answer, or refuses."""


class FileGoneError(Exception):
    """No bytes are stored under this key."""


def new_key(sha256: str) -> str:
    """A key for content with this checksum (hex), never given before."""
    return f"{sha256[:2]}/{sha256}-{secrets.token_hex(16)}"


class Storage:
    """A store at `url`: file:///folder or s3://bucket/prefix (with the usual AWS_… variables)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._folder: Path | None = None
        if not url.startswith(("file:///", "s3://")):
            raise ConfigurationError("CRM_STORAGE_URL: give file:///folder or s3://bucket/prefix")
        try:
            store: ObjectStore = (
                LocalStore.from_url(url, mkdir=True) if url.startswith("file:") else from_url(url)  # pyright: ignore[reportAssignmentType]
            )
        except (BaseError, OSError, ValueError) as error:
            raise ConfigurationError(
                f"CRM_STORAGE_URL: {str(error).partition(chr(10))[0]}"
            ) from error
        self._store = store
        if isinstance(store, LocalStore):
            self._folder = Path(str(store.prefix))

    @classmethod
    def of(cls, settings: Settings) -> "Storage":
        """The store that the settings name; its folder is made when it is missing."""
        if settings.storage_url:
            return cls(settings.storage_url)
        return cls((settings.data_dir.absolute() / "documents").as_uri())

    async def put(self, key: str, file: BinaryIO) -> None:
        """Store all of `file` under `key`, durably and all or nothing. Raises StorageError."""
        file.seek(0)
        part = _FOLDER_PART_BYTES if self._folder else _PART_BYTES
        try:
            await obstore.put_async(self._store, key, file, chunk_size=part, max_concurrency=2)
        except (BaseError, OSError) as error:
            raise StorageError(str(error).partition("\n")[0]) from error
        if self._folder:
            await asyncio.to_thread(_make_durable, self._folder / key)

    async def size(self, key: str) -> int:
        """The bytes under `key`. Raises FileGoneError, StorageError."""
        try:
            return (await obstore.head_async(self._store, key))["size"]
        except _NO_SUCH_KEY as error:
            raise FileGoneError(key) from error
        except (BaseError, OSError) as error:
            raise StorageError(str(error).partition("\n")[0]) from error

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to and without `end`, in blocks, once they are there.

        Raises FileGoneError or StorageError before the first block.
        """
        try:
            if start >= end:
                await self.size(key)
                return _nothing()
            options = {"range": (start, end)}
            found = await obstore.get_async(self._store, key, options=options)  # pyright: ignore[reportArgumentType]
        except _NO_SUCH_KEY as error:
            raise FileGoneError(key) from error
        except (BaseError, OSError) as error:
            raise StorageError(str(error).partition("\n")[0]) from error
        return _blocks(found.stream(min_chunk_size=_BLOCK_BYTES))

    async def delete(self, key: str) -> None:
        """Remove what is stored under `key`, if anything is. Raises StorageError."""
        try:
            await obstore.delete_async(self._store, key)
        except _NO_SUCH_KEY:
            return
        except (BaseError, OSError) as error:
            raise StorageError(str(error).partition("\n")[0]) from error


async def _blocks(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for block in stream:
        yield bytes(block)  # obstore's own buffers, whatever their annotation says


async def _nothing() -> AsyncIterator[bytes]:
    for block in ():
        yield block


def _make_durable(path: Path) -> None:
    """Wait until the file and its name in the folder are on the disk."""
    for name in (path, path.parent):
        handle = os.open(name, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
