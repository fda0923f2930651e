"""Each program's export is recognised, and its people arrive whole."""

import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.imports.conftest import FILES, Import, counts

pytestmark = pytest.mark.usefixtures("empty")

EXPECTED: dict[str, tuple[str, tuple[int, int, int, int], str, dict[str, Any]]] = {
    "propstream": (
        "propstream", (3, 0, 0, 1), "Maria",
        {"last_name": "Garcia", "property_address": "12 Oak St #4", "zip_code": "02134",
         "phone1": "+16175550150", "dnc": True, "dnc_reason": "On the Do Not Call list",
         "mailing_address": "c/o Ann Poe, PO Box 9, Cambridge, MA 02139", "building_sqft": 1850,
         "lead_source": "PropStream"},
    ),
    "google": (
        "google", (2, 0, 0, 0), "Zoë M",
        {"last_name": "Müller", "phone1": "+4930901820", "phone2": "+14155550101", "phone3": None,
         "email2": "z.mueller@example.de", "city": "Springfield",
         "notes": "First line\nsecond, line"},
    ),
    "google_old": (
        "google_old", (1, 0, 0, 0), "Jane",
        {"last_name": "Roe", "llc_name": "Roe Realty", "zip_code": "02134",
         "phone2": "+14155550111"},
    ),
    "outlook": (
        "outlook", (2, 0, 0, 0), "José",
        {"last_name": "Núñez", "phone1": "+14155550120", "phone2": "+14155550121", "phone3": None,
         "mailing_address": "7 Calle, Miami, FL 33101", "custom_fields": {}},
    ),
    "hubspot": (
        "hubspot", (2, 0, 0, 0), "Ada",
        {"llc_name": "Analytical Ltd", "lead_source": "Organic Search", "state": "CA"},
    ),
    "salesforce": (
        "salesforce", (1, 0, 0, 0), "Rose",
        {"job_title": "SVP, Procurement", "phone2": "+15127579340", "lead_source": "Trade Show"},
    ),
    "salesforce_loader": (
        "salesforce_loader", (1, 0, 0, 0), "Sean",
        {"last_name": "Forbes", "email_opt_out": True, "dnc": False, "job_title": "CFO"},
    ),
    "followupboss": (
        "followupboss", (1, 0, 0, 0), "Kim",
        {"property_address": "99 Hill Rd", "city": "Berkeley", "building_sqft": 1850,
         "mailing_address": "8 Bay St, Oakland, CA 94607"},
    ),
    "generic": (
        "generic", (2, 0, 0, 0), "John",
        {"last_name": "Smith", "phone1": None, "email1": "john@example.com",
         "custom_fields": {"Cell": "0044 20 7946 0958"}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
async def test_an_export_is_recognised_and_arrives_whole(
    name: str, do_import: Import, admin: asyncpg.Connection
) -> None:
    source, numbers, first_name, values = EXPECTED[name]
    done = await do_import(FILES / f"{name}.csv")
    assert (done["status"], done["source"]) == ("done", source), done["message"]
    assert counts(done) == numbers
    row = await admin.fetchrow("select * from contacts where first_name = $1", first_name)
    assert row is not None
    found = dict(row) | {"custom_fields": json.loads(row["custom_fields"])}
    assert {key: found[key] for key in values} == values


async def test_a_propstream_row_is_a_property_with_two_owners(
    do_import: Import, admin: asyncpg.Connection
) -> None:
    await do_import(FILES / "propstream.csv")
    rows = await admin.fetch(
        "select * from contacts where property_address = '12 Oak St #4' order by created_at"
    )
    assert [(r["first_name"], r["phone1"], r["dnc"]) for r in rows] == [
        ("Maria", "+16175550150", True),
        ("Luis", None, False),  # the mark belongs to Maria's phone
    ]
    assert all(json.loads(r["custom_fields"])["do_not_mail"] is True for r in rows)


async def test_a_litigator_is_never_to_be_contacted_and_a_bad_phone_is_kept(
    do_import: Import, admin: asyncpg.Connection
) -> None:
    await do_import(FILES / "propstream.csv")
    row = await admin.fetchrow("select * from contacts where llc_name = 'Sunrise Holdings LLC'")
    assert row is not None
    assert (row["dnc"], row["dnc_reason"], row["sms_opt_out"]) == (True, "Litigator", True)
    assert row["est_equity"] == -20000
    kept = json.loads(row["custom_fields"])
    assert (kept["Phone 1"], kept["Bedrooms"]) == ("911", "3+1")


async def test_lists_become_tags(do_import: Import, admin: asyncpg.Connection) -> None:
    await do_import(FILES / "propstream.csv", tags=("Spring mail",))
    rows = await admin.fetch(
        "select g.name, count(*) from tags g join contact_tags x on x.tag_id = g.id"
        " group by g.name order by g.name"
    )
    assert [tuple(row) for row in rows] == [
        ("Absentee Owners", 3),
        ("Spring mail", 3),
        ("Vacant", 1),
    ]


async def test_names_of_people_of_the_workspace_become_owners_of_contacts(
    do_import: Import, admin: asyncpg.Connection
) -> None:
    await do_import(FILES / "followupboss.csv")
    assert await admin.fetchval(
        "select u.name from contacts c join app.users u on u.id = c.assigned_to"
    ) == "Bob Brown"  # fmt: skip


async def test_the_sample_file_is_understood(do_import: Import, tmp_path: Path) -> None:
    from crm.imports.pages import SAMPLE

    path = tmp_path / "sample.csv"
    path.write_bytes(SAMPLE.encode())
    assert counts(await do_import(path)) == (2, 0, 0, 0)
