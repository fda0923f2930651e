"""Mail that leaves: rows of app.mails, sent one by one as soon as they are committed.

Rooms call `app.queue_mail()` (db/app/111_mail.sql) in their transaction, and `wake(app)` after it.
"""

import asyncio
import contextlib
from typing import Any

import structlog

from crm import sql
from crm.config import Settings
from crm.mail.sending import Mail, MailError, deliver

queries = sql.load("mail")
log = structlog.get_logger()

MOST_AT_ONCE = 100  # one round; the rest waits for the next, so that a stop is not held up
_REST_SECONDS = 5


def is_configured(settings: Settings) -> bool:
    """Whether there is a mail server to send through."""
    return settings.smtp_url is not None


async def upkeep(app: Any) -> None:
    """Send what is due. Many processes may do this at once; each mail is taken by one."""
    settings, db = app.state.settings, app.state.db
    if not is_configured(settings):
        async with db.service() as connection:
            await queries.note_no_mail_server(connection)
        return
    for _ in range(MOST_AT_ONCE):
        async with db.service() as connection:  # committed before the server hears of the mail
            row = await queries.take_mail(connection)
        if row is None:
            return
        outcome, error = await _attempt(settings, Mail(**row))
        async with db.service() as connection:
            await queries.settle_mail(connection, id=row["id"], outcome=outcome, error=error)
        log.info("mail", id=str(row["id"]), outcome=outcome, error=error)


async def _attempt(settings: Settings, mail: Mail) -> tuple[str, str]:
    try:
        await deliver(settings, mail)
    except MailError as error:
        if error.unclear:
            return "unclear", str(error)
        return "failed" if error.permanent else "later", str(error)
    return "sent", ""


def wake(app: Any) -> None:
    """Send now, beside the request that queued a mail; call it after its transaction."""
    running = getattr(app.state, "mail_task", None)
    app.state.mail_again = True
    if running is None or running.done():
        app.state.mail_task = asyncio.create_task(_send_until_quiet(app))


async def _send_until_quiet(app: Any) -> None:
    while app.state.mail_again:
        app.state.mail_again = False
        try:
            await upkeep(app)
        except Exception as error:  # the upkeep of every minute tries again
            log.warning("mail could not be sent now", error=str(error))


async def rest(app: Any) -> None:
    """Before the program ends: let the mail that is under way arrive, then stop."""
    running = getattr(app.state, "mail_task", None)
    if running is not None:
        app.state.mail_again = False
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(running, _REST_SECONDS)
