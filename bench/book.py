"""Rows of an invented book of business: seeded, skewed like a real one, as tuples for COPY.

A fortieth of the contacts is "hot" and holds half of all messages, calls, emails, activities and
deals, so timelines are long where people look. Times are timezone-aware and lie in the last two
years; money is Decimal in dollars.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from uuid import UUID

FIRST = """James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara
Richard Susan Joseph Jessica Thomas Karen Carlos Nancy Luis Lisa Miguel Ana Wei Mei Tariq Amina
Omar Fatima Ravi Priya Kenji Yuki Ivan Olga Pierre Claire Hans Greta""".split()
LAST = """Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez
Gonzalez Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez
Clark Ramirez Lewis Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill Flores Green
Adams Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts Gomez Phillips Evans Turner Diaz
Parker Cruz Edwards Collins Reyes Stewart Morris Morales Murphy Cook Rogers Gutierrez Ortiz
Morgan Cooper Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson Brooks Chavez
Wood James Bennett Gray Mendoza Ruiz Hughes Price Alvarez Castillo Sanders Patel Myers Long
Ross""".split()
STREETS = "Oak Maple Cedar Pine Elm Washington Lake Hill Sunset Park River Church Mill".split()
CITIES = [
    ("Houston", "TX", "713"), ("Phoenix", "AZ", "602"), ("Miami", "FL", "786"),
    ("Dallas", "TX", "214"), ("Atlanta", "GA", "404"), ("Tampa", "FL", "813"),
    ("Cleveland", "OH", "216"), ("Memphis", "TN", "901"), ("Detroit", "MI", "313"),
    ("Tucson", "AZ", "520"), ("Orlando", "FL", "407"), ("Tulsa", "OK", "918"),
]  # fmt: skip
OPEN = ["lead", "qualified", "proposal", "negotiation"]
CLOSED = ["closed_won", "closed_lost"]
STATUSES = OPEN + CLOSED
PROPERTY_TYPES = ["Single Family", "Condo", "Townhouse", "Multi-Family", "Land"]
WORDS = """hi thanks yes no call me tomorrow the offer looks good price house still available when
can we meet closing inspection ok send paperwork not interested maybe later""".split()
TAGS = [
    f"{kind} {number}" for kind in ("List", "Campaign", "Area", "Source") for number in range(10)
]

Row = tuple[object, ...]


def weights(count: int, first: float = 1.0, power: float = 0.8) -> list[float]:
    """Cumulative Zipf-like weights for random.choices(cum_weights=…)."""
    return list(accumulate(first / (rank + 1) ** power for rank in range(count)))


class Book:
    """Makes the rows; the same seed and sizes give the same rows."""

    def __init__(self, contacts: int, users: list[UUID], seed: int = 7) -> None:
        self.random = random.Random(seed)
        self.users: list[UUID | None] = [*users, None]
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.contact_ids = [self.uuid() for _ in range(contacts)]
        self.hot = self.contact_ids[: max(contacts // 40, 1)]
        self.tag_ids = [self.uuid() for _ in TAGS]
        self.deal_ids: list[UUID] = []
        self.last_weights = weights(len(LAST))
        self.city_weights = weights(len(CITIES))
        self.status_weights = weights(len(STATUSES), power=1.2)

    def uuid(self) -> UUID:
        """A version 4 UUID out of the seeded generator."""
        return UUID(int=self.random.getrandbits(128), version=4)

    def somebody(self) -> UUID:
        """A contact: one of the hot few half of the time."""
        return self.random.choice(self.hot if self.random.random() < 0.5 else self.contact_ids)

    def moment(self, days: int = 730) -> datetime:
        """A time in the last `days` days, more of them recent."""
        return self.now - timedelta(seconds=int(self.random.random() ** 1.5 * days * 86400))

    def sentence(self) -> str:
        """Three to fourteen words."""
        return " ".join(self.random.choices(WORDS, k=self.random.randint(3, 14)))

    CONTACTS = (
        "id first_name last_name llc_name phone1 email1 property_address city state zip_code"
        " property_type bedrooms building_sqft est_value debt_owed est_equity deal_status"
        " lead_source assigned_to created_at updated_at"
    )

    def contacts(self) -> Iterator[Row]:
        """Every contact: a phone each (unique), an email address for two of three."""
        r = self.random
        for number, contact in enumerate(self.contact_ids):
            first = r.choice(FIRST)
            last = r.choices(LAST, cum_weights=self.last_weights)[0]
            city, state, area = r.choices(CITIES, cum_weights=self.city_weights)[0]
            value, debt = r.randint(60, 900) * 1000, r.randint(0, 600) * 1000
            made = self.moment()
            yield (
                contact, first, last, f"{last} Holdings LLC" if number % 9 == 0 else None,
                f"+1{area}{2000000 + number}",
                f"{first}.{last}{number}@mail.example".lower() if number % 3 else None,
                f"{r.randint(1, 9999)} {r.choice(STREETS)} St", city, state,
                f"{r.randint(10000, 99999)}", r.choice(PROPERTY_TYPES), r.randint(1, 6),
                r.randint(600, 5200), Decimal(value), Decimal(debt), Decimal(value - debt),
                r.choices(STATUSES, cum_weights=self.status_weights)[0],
                r.choice(("PropStream", "Referral", "Website", "Cold call")),
                r.choice(self.users), made, made,
            )  # fmt: skip

    TAG_COLUMNS = "id name color"

    def tags(self) -> Iterator[Row]:
        """Forty tags."""
        for number, name in enumerate(TAGS):
            yield self.tag_ids[number], name, f"#{number * 409 % 4096:03x}{number * 97 % 4096:03x}"

    CONTACT_TAGS = "contact_id tag_id"

    def contact_tags(self) -> Iterator[Row]:
        """None to five tags a contact, the first tags far more often."""
        cumulative = weights(len(TAGS))
        for contact in self.contact_ids:
            picked = self.random.choices(
                self.tag_ids, cum_weights=cumulative, k=self.random.randint(0, 5)
            )
            for tag in set(picked):
                yield contact, tag

    MESSAGES = (
        "contact_id direction content status phone_number our_number occurred_at read_at created_at"
    )

    def messages(self, count: int) -> Iterator[Row]:
        """`count` messages; one inbound in ten is unread; one number a contact."""
        r = self.random
        for _ in range(count):
            contact, at, inbound = self.somebody(), self.moment(), r.random() < 0.45
            yield (
                contact, "inbound" if inbound else "outbound", self.sentence(),
                "received" if inbound else "delivered",
                f"+1{2000000000 + contact.int % 7999999999}", "+17135550100",
                at, None if not inbound or r.random() < 0.1 else at + timedelta(minutes=9), at,
            )  # fmt: skip

    CALLS = "contact_id direction status duration from_number to_number occurred_at read_at"

    def calls(self, count: int) -> Iterator[Row]:
        """`count` calls, a third of them missed."""
        r = self.random
        for _ in range(count):
            contact, missed, at = self.somebody(), r.random() < 0.33, self.moment()
            theirs = f"+1{2000000000 + contact.int % 7999999999}"
            yield (
                contact, "inbound", "missed" if missed else "completed",
                0 if missed else r.randint(5, 1500), theirs, "+17135550100", at, at,
            )  # fmt: skip

    EMAILS = "contact_id direction subject body status from_email to_email occurred_at read_at"

    def emails(self, count: int) -> Iterator[Row]:
        """`count` emails, half of them inbound and read."""
        for _ in range(count):
            contact, at, inbound = self.somebody(), self.moment(), self.random.random() < 0.5
            theirs, ours = f"c{contact.hex[:12]}@mail.example", "team@northside.example"
            yield (
                contact, "inbound" if inbound else "outbound", self.sentence()[:60],
                self.sentence(), "received" if inbound else "delivered",
                theirs if inbound else ours,
                ours if inbound else theirs, at, at,
            )  # fmt: skip

    DEALS = (
        "id contact_id name stage value probability expected_close_date assigned_to position"
        " actual_close_date created_at"
    )

    def deals(self, count: int) -> Iterator[Row]:
        """`count` deals, a quarter of them open; ids are kept for deal_tags and activities."""
        r = self.random
        for number in range(count):
            deal, made = self.uuid(), self.moment()
            is_open = r.random() < 0.25
            stage = r.choice(OPEN if is_open else CLOSED)
            closed = min(made + timedelta(days=r.randint(5, 90)), self.now).date()
            self.deal_ids.append(deal)
            yield (
                deal, self.somebody(), f"{r.choice(STREETS)} St deal {number}", stage,
                Decimal(r.randint(5, 400) * 1000), r.randint(0, 100),
                (made + timedelta(days=r.randint(10, 800))).date(), r.choice(self.users),
                float(number), None if is_open else closed, made,
            )  # fmt: skip

    DEAL_TAGS = "deal_id tag_id"

    def deal_tags(self) -> Iterator[Row]:
        """One tag for every second deal."""
        for deal in self.deal_ids[::2]:
            yield deal, self.random.choice(self.tag_ids)

    ACTIVITIES = "contact_id deal_id type title status due_date assigned_to completed_at created_at"

    def activities(self, count: int) -> Iterator[Row]:
        """`count` activities: two of three completed, the rest due within a year or overdue."""
        r = self.random
        for _ in range(count):
            made, done = self.moment(), r.random() < 0.66
            deal = r.choice(self.deal_ids) if self.deal_ids and r.random() < 0.3 else None
            due = made if done else self.now + timedelta(hours=r.randint(-700, 9000))
            yield (
                self.somebody(), deal, r.choice(("call", "task", "note", "meeting", "follow_up")),
                self.sentence()[:80], "completed" if done else "planned", due,
                r.choice(self.users), made if done else None, made,
            )  # fmt: skip
