"""What a token is made of, and the words for what it may touch."""

import hashlib
import secrets

RESOURCES = (
    "contacts tags conversations messages calls emails activities deals documents assistants"
    " phone-numbers vapi-calls users tokens settings imports"
).split()
SCOPES = frozenset(f"{resource}:{access}" for resource in RESOURCES for access in ("read", "write"))


def fresh_token() -> tuple[str, bytes, str]:
    """A new token, its hash, and the last letters by which people know it."""
    token = f"crm_{secrets.token_urlsafe(32)}"
    return token, hashlib.sha256(token.encode()).digest(), token[-4:]
