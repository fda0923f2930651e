"""One mail to one mail server, and what its answer means."""

import asyncio
import contextlib
import ipaddress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate, parseaddr
from urllib.parse import unquote, urlsplit
from uuid import UUID

import aiosmtplib

from crm.config import Settings

TIMEOUT = 30.0  # seconds for each answer of the server


class MailError(Exception):
    """A mail was not sent, or perhaps was.

    `permanent`: trying again changes nothing. `unclear`: the connection broke after the text was
    handed over, so the mail may have arrived; it must not be sent again by itself.
    """

    def __init__(self, message: str, *, permanent: bool = False, unclear: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.unclear = unclear


@dataclass(frozen=True)
class Mail:
    """A row of app.mails; `attempts` counts this one."""

    id: UUID
    recipient: str
    subject: str
    body: str
    attempts: int = 1


async def deliver(settings: Settings, mail: Mail) -> None:
    """Hand a mail to the server of CRM_SMTP_URL. Raises MailError."""
    sender = parseaddr(settings.mail_from or "")[1]
    text = _message(settings.mail_from or "", mail)
    client = _client(settings.smtp_url or "")
    try:
        try:
            await _open(client, settings.smtp_url or "")
        except aiosmtplib.SMTPResponseException as error:
            # A refused password is a fault of ours to mend, not of this mail.
            raise MailError(_words(error)) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailError(_words(error)) from error
        await _hand_over(client, sender, mail.recipient, text)
    finally:
        await _close(client)


def _message(sender: str, mail: Mail) -> bytes:
    message = EmailMessage(policy=SMTP_POLICY)
    message["From"] = sender
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Date"] = formatdate(localtime=False, usegmt=True)
    # The same for every attempt, so that a mailbox can tell a second copy.
    message["Message-ID"] = f"<{mail.id}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body, cte="quoted-printable")
    return message.as_bytes()


def _client(url: str) -> aiosmtplib.SMTP:
    parts = urlsplit(url)
    tls = parts.scheme == "smtps"
    port = parts.port or (465 if tls else 587)
    # start_tls=None: upgraded when the server offers it, certificates are checked.
    return aiosmtplib.SMTP(
        hostname=parts.hostname, port=port, use_tls=tls, start_tls=None, timeout=TIMEOUT
    )


async def _open(client: aiosmtplib.SMTP, url: str) -> None:
    await client.connect()
    parts = urlsplit(url)
    if not parts.username:
        return
    if client.get_transport_info("sslcontext") is None and not _is_here(parts.hostname or ""):
        raise MailError("the server offers no encryption: the password of CRM_SMTP_URL is not sent")
    await client.login(unquote(parts.username), unquote(parts.password or ""))


def _is_here(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


async def _hand_over(client: aiosmtplib.SMTP, sender: str, recipient: str, text: bytes) -> None:
    try:
        await client.mail(sender)
        await client.rcpt(recipient)
    except aiosmtplib.SMTPResponseException as error:
        raise MailError(_words(error), permanent=error.code >= 500) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise MailError(_words(error)) from error
    except ValueError as error:  # an address that this server cannot be told
        raise MailError(_words(error), permanent=True) from error
    try:
        await client.data(text)
    except aiosmtplib.SMTPResponseException as error:
        raise MailError(_words(error), permanent=error.code >= 500) from error
    except (aiosmtplib.SMTPException, OSError, asyncio.IncompleteReadError) as error:
        raise MailError(f"no answer after the text was sent ({error})", unclear=True) from error


async def _close(client: aiosmtplib.SMTP) -> None:
    with contextlib.suppress(aiosmtplib.SMTPException, OSError):
        await client.quit()
    client.close()


def _words(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"{error.code} {error.message}"
    return str(error) or type(error).__name__
