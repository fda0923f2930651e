"""Passwords: Argon2id hashes, made and checked off the event loop (about 50 ms of CPU)."""

import asyncio
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 10

_hasher = PasswordHasher()


def hash_password(plain: str) -> str:
    """The Argon2id hash of a password, with its salt and parameters, about 97 characters."""
    return _hasher.hash(plain)


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("nobody has this password")


def _matches(stored: str, plain: str) -> bool:
    try:
        return _hasher.verify(stored, plain)
    except (VerificationError, InvalidHashError):
        return False


async def hash_in_thread(plain: str) -> str:
    """hash_password without blocking other requests."""
    return await asyncio.to_thread(hash_password, plain)


async def check(stored: str | None, plain: str) -> bool:
    """Whether the password is right. An unknown user costs as much time as a known one."""
    if stored is None:
        await asyncio.to_thread(_matches, _nobodys_hash(), plain)
        return False
    return await asyncio.to_thread(_matches, stored, plain)
