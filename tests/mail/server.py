"""A real mail server on loopback, which can also refuse, or hang up where it hurts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP


@dataclass
class MailServer:
    """What it got, and how it answers: `rcpt` and `data` are its answers to those commands.

    `hangs_up` closes the connection after the text, without a word.
    """

    port: int = 0
    received: list[Message] = field(default_factory=list)
    tries: int = 0
    rcpt: str = ""
    data: str = ""
    hangs_up: bool = False
    news: asyncio.Condition = field(default_factory=asyncio.Condition, repr=False)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def settings(self) -> dict[str, str]:
        """For running_app()."""
        sender = "Contact CRM <crm@northside.example>"
        return {"smtp_url": self.url, "mail_from": sender, "public_url": "https://crm.example.test"}

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _o: Any):  # noqa: N802
        self.tries += 1
        if self.rcpt:
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.data:
            return self.data
        async with self.news:
            self.received.append(message_from_bytes(envelope.content, policy=default))
            self.news.notify_all()
        if self.hangs_up:
            server.transport.abort()
        return "250 OK"

    async def wait_for(self, count: int) -> list[Message]:
        """Until it has got that many."""
        async with asyncio.timeout(10), self.news:
            await self.news.wait_for(lambda: len(self.received) >= count)
        return self.received


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    """Listens on a free port of 127.0.0.1."""
    state = MailServer()
    listener = await asyncio.get_running_loop().create_server(
        lambda: SMTP(state, hostname="mail.test", enable_SMTPUTF8=True), "127.0.0.1", 0
    )
    state.port = listener.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        listener.close()
