"""People at work on the API, each with a ledger of what they were told is stored.

A write whose end nobody knows (the connection was cut, no answer, 503) is asked again until it is
known: creations with the same Idempotency-Key, changes by looking first. What a client was told is
in its ledger; bench.chaos compares all ledgers with the database.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from bench.wire import Answer, Client, Cut, Refused

_PAUSE, _LONGEST_PAUSE = 0.05, 0.5
_SENT_AGAIN = 0.2  # part of the posts that is sent twice
_KNOWN_WITHIN = 90.0  # seconds after which a write counts as never answered
_WORDS = ("Ana", "Ben", "Cora", "Dev", "Elif", "Finn", "Gia", "Hugo", "Ines", "Jon", "Kaya", "Lev")


@dataclass
class Entry:
    """A contact as its client knows it: the number in `notes`, and whether it is in the trash."""

    id: str
    marker: str
    number: int = 0
    is_deleted: bool = False


@dataclass
class Ledger:
    """What all clients did and saw."""

    contacts: dict[str, Entry] = field(default_factory=dict)  # by marker
    messages: set[str] = field(default_factory=set)  # markers
    unanswered: set[str] = field(default_factory=set)  # markers of creations that were given up
    unsure: set[str] = field(default_factory=set)  # markers of contacts with a change given up
    done: Counter[str] = field(default_factory=Counter)
    trouble: Counter[str] = field(default_factory=Counter)
    replayed: int = 0
    surprises: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    last_write: float = field(default_factory=time.monotonic)
    longest_silence: float = 0.0

    def note_write(self) -> None:
        """A write was answered with 2xx now."""
        now = time.monotonic()
        self.longest_silence = max(self.longest_silence, now - self.last_write)
        self.last_write = now

    def note_silence(self) -> None:
        """The end of the run: the time since the last write counts as well."""
        self.longest_silence = max(self.longest_silence, time.monotonic() - self.last_write)

    def surprise(self, what: str, answer: Answer) -> None:
        """An answer that should not be."""
        self.trouble[f"{answer.status}"] += 1
        if len(self.surprises) < 50:
            self.surprises.append(f"{what}: {answer.status} {answer.body[:200]!r}")


class Worker:
    """One client; works until `until` (time.monotonic()), with `think` seconds in between."""

    def __init__(
        self, number: int, client: Client, ledger: Ledger, until: float, think: float = 0.0
    ) -> None:
        self._think = think
        self._number = number
        self._client = client
        self._ledger = ledger
        self._until = until
        self._mine: list[Entry] = []
        self._random = random.Random(number)

    async def work(self) -> None:
        """A mix like a team's day: mostly reading, some writing."""
        mix: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (30, self._list), (20, self._read), (10, self._search), (12, self._create),
            (12, self._change), (10, self._message), (4, self._delete_or_restore),
        ]  # fmt: skip
        weights, actions = [weight for weight, _ in mix], [action for _, action in mix]
        await self._create()
        while time.monotonic() < self._until:
            await self._random.choices(actions, weights)[0]()
            await asyncio.sleep(self._think * self._random.uniform(0.5, 1.5))
        self._client.close()

    async def _ask(self, what: str, method: str, path: str, **more: Any) -> Answer | None:
        """One attempt; None when nobody knows how it ended."""
        began = time.monotonic()
        try:
            answer = await self._client.request(method, path, **more)
        except (Refused, Cut, TimeoutError) as error:
            self._ledger.trouble[type(error).__name__] += 1
            return None
        if answer.status == 503:
            self._ledger.trouble["503"] += 1
            return None
        self._ledger.seconds.append(time.monotonic() - began)
        if answer.status >= 500:
            self._ledger.surprise(what, answer)
            return None
        self._ledger.done[what] += 1
        return answer

    async def _until_known(self, what: str, attempt: Callable[[], Awaitable[Any]]) -> Any:
        """Repeat an attempt until it gives something; None when time is up."""
        pause, deadline = _PAUSE, time.monotonic() + _KNOWN_WITHIN
        while time.monotonic() < deadline:
            found = await attempt()
            if found is not None:
                return found
            await asyncio.sleep(pause * self._random.uniform(0.5, 1))
            pause = min(pause * 2, _LONGEST_PAUSE)
        self._ledger.trouble[f"given up: {what}"] += 1
        return None

    async def _post(self, what: str, path: str, marker: str, body: Any = None) -> Answer | None:
        """A POST with an Idempotency-Key, repeated until it is answered."""
        headers = {"Idempotency-Key": f"{what}-{marker}"}

        async def attempt() -> Answer | None:
            return await self._ask(what, "POST", path, json_body=body, headers=headers)

        answer = await self._until_known(what, attempt)
        if answer is not None and self._random.random() < _SENT_AGAIN:
            # As a client does that did not hear the answer: the same one comes, and nothing new.
            again = await self._until_known(what, attempt)
            if again is not None and again.body != answer.body:
                self._ledger.surprise(f"{what} again", again)
            answer = again or answer
        if answer is not None and "idempotency-replayed" in answer.headers:
            self._ledger.replayed += 1
        return answer

    async def _list(self) -> None:
        sort = self._random.choice(("-created_at", "name", "-updated_at"))
        answer = await self._ask("list", "GET", f"/api/v1/contacts?limit=50&sort={sort}")
        if answer is not None and answer.status != 200:
            self._ledger.surprise("list", answer)

    async def _read(self) -> None:
        one = self._random.choice(self._mine)
        answer = await self._ask("read", "GET", f"/api/v1/contacts/{one.id}")
        if answer is not None and (answer.status != 200 or answer.json()["llc_name"] != one.marker):
            self._ledger.surprise("read", answer)

    async def _search(self) -> None:
        word = self._random.choice(_WORDS).lower()
        answer = await self._ask("search", "GET", f"/api/v1/contacts?q={word}&limit=20")
        if answer is not None and answer.status != 200:
            self._ledger.surprise("search", answer)

    async def _create(self) -> None:
        marker = uuid4().hex
        body = {"first_name": self._random.choice(_WORDS), "llc_name": marker, "notes": "0"}
        answer = await self._post("create", "/api/v1/contacts", marker, body)
        if answer is None:
            self._ledger.unanswered.add(marker)
        elif answer.status != 201:
            self._ledger.surprise("create", answer)
        else:
            entry = Entry(answer.headers["location"].rpartition("/")[2], marker)
            self._ledger.contacts[marker] = entry
            self._mine.append(entry)
            self._ledger.note_write()

    async def _message(self) -> None:
        one = self._random.choice(self._mine)
        marker = uuid4().hex
        body = {
            "contact_id": one.id,
            "direction": self._random.choice(("inbound", "outbound")),
            "content": marker,
            "phone_number": f"+1415555{self._number:04d}",
            "our_number": "+14155550100",
            "status": "received",
        }
        answer = await self._post("message", "/api/v1/messages", marker, body)
        if answer is None:
            self._ledger.unanswered.add(marker)
        elif answer.status != 201:
            self._ledger.surprise("message", answer)
        else:
            self._ledger.messages.add(marker)
            self._ledger.note_write()

    async def _state(self, one: Entry) -> Answer | None:
        answer = await self._ask("look", "GET", f"/api/v1/contacts/{one.id}")
        if answer is not None and answer.status != 200:
            self._ledger.surprise("look", answer)
            return None
        return answer

    async def _change(self) -> None:
        one = self._random.choice(self._mine)
        if one.is_deleted:
            return
        new = one.number + 1

        async def attempt() -> bool | None:
            state = await self._state(one)
            if state is None:
                return None
            if state.json()["notes"] == str(new):
                return True  # the attempt before was stored, only its answer was lost
            headers = {"If-Match": state.headers["etag"]}
            answer = await self._ask(
                "change", "PATCH", f"/api/v1/contacts/{one.id}",
                json_body={"notes": str(new)}, headers=headers,
            )  # fmt: skip
            if answer is None or answer.status == 412:  # 412: the attempt before came late
                return None
            if answer.status != 200:
                self._ledger.surprise("change", answer)
                return None
            return True

        if await self._until_known("change", attempt) is None:
            self._ledger.unsure.add(one.marker)
        else:
            one.number = new
            self._ledger.note_write()

    async def _delete_or_restore(self) -> None:
        one = self._random.choice(self._mine)
        path = f"/api/v1/contacts/{one.id}"
        if one.is_deleted:
            answer = await self._post("restore", f"{path}/restore", uuid4().hex)
            expected = (200, 409)  # 409: it is not in the trash any more
        else:

            async def attempt() -> Answer | None:
                return await self._ask("delete", "DELETE", path)

            answer = await self._until_known("delete", attempt)
            expected = (204, 409)  # 409: it is in the trash, by the attempt before
        if answer is None:
            self._ledger.unsure.add(one.marker)
        elif answer.status not in expected:
            self._ledger.surprise("delete or restore", answer)
        else:
            one.is_deleted = not one.is_deleted
            self._ledger.note_write()
