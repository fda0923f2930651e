"""Codes of the second factor: from an authenticator app (TOTP, RFC 6238), and on paper."""

import hashlib
import io
import secrets
import time
from hmac import compare_digest

import segno
from pyotp import random_base32
from pyotp.totp import TOTP

STEP_SECONDS = 30
RECOVERY_CODES = 10
_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # none that look like another


def new_secret() -> str:
    """160 random bits in base32, as authenticator apps take them."""
    return random_base32()


def address(secret: str, email: str, workspace: str) -> str:
    """The otpauth:// address that the QR code holds."""
    return TOTP(secret).provisioning_uri(name=email, issuer_name=workspace)


def picture(content: str) -> bytes:
    """A QR code as SVG: dark on white in every theme, because apps read nothing else."""
    out = io.BytesIO()
    segno.make(content, error="m", micro=False).save(
        out, kind="svg", scale=5, border=3, dark="#000", light="#fff", xmldecl=False, nl=False
    )
    return out.getvalue()


def step_of(secret: str, code: str, now: float | None = None) -> int | None:
    """The time step that a code belongs to: this one, or one to either side; None when wrong."""
    digits = "".join(code.split())
    if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        return None
    current = int(now if now is not None else time.time()) // STEP_SECONDS
    totp = TOTP(secret)
    for step in (current, current - 1, current + 1):
        if compare_digest(totp.generate_otp(step), digits):
            return step
    return None


def new_recovery_codes() -> list[str]:
    """Ten codes of 16 letters (78 bits), such as 7KQM-2XDP-RT9A-VW4C."""
    return [
        "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))
        for _ in range(RECOVERY_CODES)
    ]


def recovery_sha256(code: str) -> bytes:
    """What the database keeps of a recovery code, however it was typed."""
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return hashlib.sha256(plain.encode()).digest()
