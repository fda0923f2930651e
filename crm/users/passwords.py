"""Passwords: Argon2id hashes, and how long a password would stand against guessing.

All of it runs off the event loop: a hash is about 50 ms of CPU, an estimate up to 20 ms.
"""

import asyncio
import re
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 10
MIN_SCORE = 3  # of 4: about 10^8 guesses and more
_ESTIMATED_LENGTH = 72  # what zxcvbn takes; the rest only makes a password better

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


def weakness(plain: str, *about: str) -> str:
    """What is weak about a password, in a sentence or two; "" when it is good.

    `about` is what a guesser tries first: the name and the email of the person, the workspace.
    """
    if len(plain) < MIN_LENGTH:
        return f"At least {MIN_LENGTH} characters, please."
    from zxcvbn import zxcvbn  # its word lists take a while to load

    personal = [word for text in about for word in (text, *re.split(r"[\W_]+", text)) if word]
    found = zxcvbn(plain[:_ESTIMATED_LENGTH], user_inputs=personal)
    if found["score"] < MIN_SCORE:
        advice = found["feedback"]
        warning = advice["warning"] or "This is easy to guess."
        return " ".join(_sentence(words) for words in (warning, *advice["suggestions"][:2]))
    rest = _without(plain, personal)
    if rest != plain and (
        len(rest) < 4 or zxcvbn(rest[:_ESTIMATED_LENGTH])["score"] < MIN_SCORE - 1
    ):
        return (
            "This is little more than your name, email or workspace. Add words that nobody expects."
        )
    return ""


def _without(plain: str, words: list[str]) -> str:
    known = "|".join(
        re.escape(word) for word in sorted(words, key=len, reverse=True) if len(word) > 2
    )
    return re.sub(known, "", plain, flags=re.IGNORECASE).strip() if known else plain


def _sentence(words: str) -> str:
    return words if words.endswith((".", "!")) else f"{words}."


async def weakness_in_thread(plain: str, *about: str) -> str:
    """weakness() without blocking other requests."""
    return await asyncio.to_thread(weakness, plain, *about)
