"""Rows of a skip-traced PropStream export, as many as you like, with the counts they must give.

`python -m tests.imports.propstream 100000 > file.csv` writes a file: 5 % of its rows are bad
(no owner, no phone, no e-mail; or a cell too many), 10 % repeat the phone of an earlier row, 15 %
have a second owner without a phone. The same seed gives the same file. The expected counts go to
stderr as JSON.
"""

import csv
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TextIO

HEADERS = (
    "Address,Unit #,City,State,Zip,County,APN,Owner Occupied,Owner 1 First Name,"
    "Owner 1 Last Name,Owner 2 First Name,Owner 2 Last Name,Mailing Care of Name,Mailing Address,"
    "Mailing Unit #,Mailing City,Mailing State,Mailing Zip,Mailing County,Do Not Mail,"
    "Property Type,Bedrooms,Total Bathrooms,Building Sqft,Lot Size Sqft,Effective Year Built,"
    "Total Assessed Value,Last Sale Recording Date,Last Sale Amount,Total Open Loans,"
    "Est. Remaining balance of Open Loans,Est. Value,Est. Loan-to-Value,Est. Equity,"
    "Total Condition,Interior Condition,Exterior Condition,Bathroom Condition,Kitchen Condition,"
    "Foreclosure Factor,MLS Status,MLS Date,MLS Amount,Lien Amount,Marketing Lists,"
    "Date Added to List,Method of Add,Phone 1,Phone 1 Type,Phone 1 DNC,Phone 2,Phone 2 Type,"
    "Phone 2 DNC,Phone 3,Phone 3 Type,Phone 3 DNC,Phone 4,Phone 4 Type,Phone 4 DNC,Phone 5,"
    "Phone 5 Type,Phone 5 DNC,Email 1,Email 2,Email 3,Email 4,Litigator"
).split(",")
FIRST = (
    "Maria James Robert Linda David Ana Wei Omar Grace Peter Susan Carlos Emily Tariq Nina Paul "
    "Karen Luis Hannah Victor Joan Samuel Alice Frank Diane Jorge Megan Walter Teresa Ian"
).split()
LAST = (
    "Garcia Smith Johnson Brown Nguyen Patel Martinez Lopez Kim Walker Hill Adams Baker Nelson "
    "Carter Mitchell Perez Roberts Turner Phillips Campbell Parker Evans Edwards Collins Stewart "
    "Morris Rogers Reed Cook Morgan Bell Murphy Bailey Rivera Cooper Richardson Cox Howard Ward "
    "Torres Peterson Gray Ramirez Watson Brooks Kelly Sanders Price Bennett Wood Barnes Ross"
).split()
STREETS = (
    "Maple Oak Pine Cedar Elm Washington Lake Hill Walnut Spring North Ridge Church Willow Mill "
    "Sunset Railroad Jackson Highland Forest River Meadow Broad Chestnut Franklin Laurel Dogwood"
).split()
CITIES = (
    ("Austin", "TX", "787", "Travis"), ("Houston", "TX", "770", "Harris"),
    ("Miami", "FL", "331", "Miami-Dade"), ("Orlando", "FL", "328", "Orange"),
    ("Phoenix", "AZ", "850", "Maricopa"), ("Atlanta", "GA", "303", "Fulton"),
    ("Boston", "MA", "021", "Suffolk"), ("Columbus", "OH", "432", "Franklin"),
)  # fmt: skip
LISTS = ("Absentee Owners", "Pre-Foreclosures", "High Equity", "Vacant", "Tax Liens")


@dataclass
class Expected:
    """What an import of the rows into a book without any of them must count."""

    rows: int = 0
    failed: int = 0
    created: int = 0
    updated: int = 0
    skipped: int = 0


class Generator:
    """A seeded stream of rows; `expected` is right for those given so far."""

    def __init__(self, seed: int = 1, start: int = 0) -> None:
        self._random = random.Random(seed)
        self._next = start
        self._earlier: list[list[str]] = []
        self.expected = Expected()

    def rows(self, count: int) -> Iterator[list[str]]:
        """The next rows of the file."""
        for _ in range(count):
            self.expected.rows += 1
            draw = self._random.random()
            if draw < 0.05:
                yield self._bad()
            elif draw < 0.15 and self._earlier:
                yield self._repeated()
            else:
                yield self._fresh()

    def _fresh(self) -> list[str]:
        row = self._property()
        self.expected.created += 1
        if self._random.random() < 0.15:
            others = [name for name in FIRST if name != row[8]]  # the same name would be one person
            row[10], row[11] = self._random.choice(others), row[9]
            self.expected.created += 1
        if len(self._earlier) < 5000:
            self._earlier.append(row)
        elif self._random.random() < 0.1:
            self._earlier[self._random.randrange(5000)] = row
        return row

    def _repeated(self) -> list[str]:
        """A row of an earlier owner, with no news: same phone, same property."""
        row = list(self._random.choice(self._earlier))
        self.expected.skipped += 2 if row[10] else 1
        return row

    def _bad(self) -> list[str]:
        row = self._property()
        self.expected.failed += 1
        if self._random.random() < 0.5:
            return [*row, "one cell too many"]
        for number, header in enumerate(HEADERS):
            if header.startswith(("Owner 1", "Owner 2", "Phone", "Email")):
                row[number] = ""
        return row

    def _property(self) -> list[str]:
        draw, number = self._random, self._next
        self._next += 1
        city, state, prefix, county = draw.choice(CITIES)
        first, last = draw.choice(FIRST), draw.choice(LAST)
        if draw.random() < 0.08:
            first, last = "", f"{last} {draw.choice(STREETS)} Holdings {number} LLC"
        # The number of the row is in the address, so that no two owners are one by accident.
        street = f"{100 + number} {draw.choice(STREETS)} {draw.choice(('St', 'Ave', 'Dr', 'Ln'))}"
        zip_code = f"{prefix}{draw.randrange(100):02}"
        value = draw.randrange(90_000, 900_000, 500)
        debt = draw.randrange(0, 700_000, 500)
        absent = draw.random() < 0.3
        mailing = f"{draw.randrange(9999)} {draw.choice(STREETS)} Blvd" if absent else street
        row = [
            street, "", city, state, zip_code, county, f"{number:09}", "No" if absent else "Yes",
            first, last, "", "", "", mailing, "", city, state, zip_code, county,
            "Yes" if draw.random() < 0.02 else "No", "Single Family Residential",
            str(draw.randrange(1, 6)), draw.choice(("1", "1.5", "2", "2.5", "3")),
            str(draw.randrange(700, 4200)), str(draw.randrange(2000, 20000)),
            str(draw.randrange(1920, 2024)), str(value - 20_000),
            f"{draw.randrange(1, 13)}/{draw.randrange(1, 29)}/{draw.randrange(1990, 2025)}",
            f"${draw.randrange(50_000, 600_000):,}", str(draw.randrange(3)), str(debt),
            f"${value:,}", f"{debt * 100 // value}", str(value - debt), "Average", "Average",
            "Good", "Average", "Fair", draw.choice(("Low", "Medium", "High")), "", "", "", "",
            draw.choice(LISTS), "2/14/2026", "List Automator",
        ]  # fmt: skip
        return row + self._reach(number)

    def _reach(self, number: int) -> list[str]:
        """One to five phones that no other row has, in several notations, and e-mails."""
        draw = self._random
        cells: list[str] = []
        phones = draw.choice((1, 1, 2, 2, 3, 4))
        for place in range(5):
            if place >= phones:
                cells += ["", "", ""]
                continue
            line = number * 7 + place
            area, middle, end = 201 + line // 8_000_000, 200 + line // 10_000 % 800, line % 10_000
            kind = draw.randrange(4)
            phone = (
                f"({area}) {middle}-{end:04}" if kind == 0
                else f"{area}-{middle}-{end:04}" if kind == 1
                else f"{area}{middle}{end:04}" if kind == 2
                else f"+1 {area} {middle} {end:04}"
            )  # fmt: skip
            cells += [phone, draw.choice(("Mobile", "Landline")),
                      "DNC" if draw.random() < 0.03 else ""]  # fmt: skip
        owned = draw.random() < 0.6
        cells += [f"owner{number}@example.com" if owned else "", "", "", ""]
        return [*cells, "Yes" if draw.random() < 0.005 else ""]


def write(file: TextIO, count: int, *, seed: int = 1, start: int = 0) -> Expected:
    """Write a file of `count` rows; returns what an import of it must count."""
    generator = Generator(seed, start)
    writer = csv.writer(file)
    writer.writerow(HEADERS)
    writer.writerows(generator.rows(count))
    return generator.expected


if __name__ == "__main__":
    expected = write(sys.stdout, int(sys.argv[1]), start=int((sys.argv[2:] or ["0"])[0]))
    sys.stderr.write(json.dumps(asdict(expected)) + "\n")
