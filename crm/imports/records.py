"""A record: what one person or company of a file brings, ready to be staged or joined.

Joining here follows the same rules as app.update_imported_contacts() in db/app/104, so that it
does not matter whether two rows of one contact stand in the same batch; a test holds that.
"""

import json
from dataclasses import dataclass, field

# Text columns of app_staging.import_records, in the order in which they are copied.
NAMES = ("first_name", "last_name")
PERSON = ("llc_name", "job_title", "mailing_address")
PLACE = (
    "property_address", "city", "state", "zip_code", "property_county", "property_type",
    "bedrooms", "total_bathrooms", "building_sqft", "lot_size_sqft", "effective_year_built",
    "est_value", "debt_owed", "est_equity", "last_sale_date", "last_sale_amount",
)  # fmt: skip
BUSINESS = ("deal_status", "lead_source", "assigned_to", "dnc_reason")
PHONES = ("phone1", "phone2", "phone3")
EMAILS = ("email1", "email2", "email3")
FLAGS = ("dnc", "sms_opt_out", "email_opt_out")
TEXTS = NAMES + PERSON + PLACE + BUSINESS
COLUMNS = (
    "rec", "line", "reason", "cells", *TEXTS, *PHONES, *EMAILS, *FLAGS,
    "notes", "custom_fields", "other_properties", "tags",
)  # fmt: skip

LENGTHS = {
    "first_name": 100, "last_name": 100, "llc_name": 200, "job_title": 150, "city": 100,
    "state": 50, "zip_code": 20, "property_county": 100, "property_type": 50, "lead_source": 100,
}  # fmt: skip


@dataclass(slots=True)
class Record:
    """One contact of a file. `texts` has the columns of TEXTS; what is not there is empty.

    Phones are E.164; phones and emails are distinct, the first three go into the contact.
    """

    line: int
    texts: dict[str, str]
    phones: list[str] = field(default_factory=list)
    emails: list[str] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    notes: str = ""
    custom: dict[str, object] = field(default_factory=dict)
    other_properties: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    odd: bool = False  # some text needs escaping; nearly none does, and the check costs time

    def place_key(self) -> tuple[str, ...] | None:
        """Equal for records of the same name at the same property; None when there is none."""
        texts = self.texts
        address = texts.get("property_address")
        if not address:
            return None
        first, last = texts.get("first_name", ""), texts.get("last_name", "")
        if last:
            return (first, last, address.lower())
        company = texts.get("llc_name")
        return ("", "", address.lower(), company) if company and not first else None

    def property_text(self) -> str:
        """The property in one line."""
        texts = self.texts
        end = " ".join(filter(None, (texts.get("state"), texts.get("zip_code"))))
        return ", ".join(filter(None, (texts["property_address"], texts.get("city"), end)))

    def take(self, other: "Record", *, overwrite: bool) -> None:
        """Join a later row of the same contact into this one."""
        self._take_texts(other, overwrite=overwrite)
        mine, new = (other, self) if overwrite else (self, other)
        self.phones = list(dict.fromkeys(mine.phones + new.phones))[:3]
        addresses: dict[str, str] = {}
        for address in mine.emails + new.emails:
            addresses.setdefault(address.lower(), address)
        self.emails = list(addresses.values())[:3]
        self.flags |= other.flags
        self.odd |= other.odd
        if other.notes and other.notes not in self.notes:
            self.notes = f"{self.notes}\n\n{other.notes}" if self.notes else other.notes
        self.custom = self.custom | other.custom if overwrite else other.custom | self.custom
        self.tags = list(dict.fromkeys(self.tags + other.tags))

    def _take_texts(self, other: "Record", *, overwrite: bool) -> None:
        mine, new = self.texts, other.texts
        has_name = "first_name" in new or "last_name" in new
        if has_name and (overwrite or not ("first_name" in mine or "last_name" in mine)):
            for key in NAMES:
                mine.pop(key, None)
                if key in new:
                    mine[key] = new[key]
        here, there = mine.get("property_address"), new.get("property_address")
        same_property = here is None or there is None or here.lower() == there.lower()
        if not same_property:
            self._add_property(other.property_text())
        for address in other.other_properties:
            self._add_property(address)
        for key in PERSON + BUSINESS + (PLACE if same_property else ()):
            replace = overwrite and key not in ("property_address", "dnc_reason")
            # An unset status counts as "lead", which only overwriting replaces.
            if key in new and (replace or (key not in mine and key != "deal_status")):
                mine[key] = new[key]

    def _add_property(self, address: str) -> None:
        if address not in self.other_properties:
            self.other_properties.append(address)

    def staged(self, rec: int) -> str:
        """The line of PostgreSQL's COPY text format, columns as in COLUMNS."""
        texts = self.texts
        cells = [str(rec), str(self.line), "\\N", "\\N"]
        if self.odd:
            texts = {key: _escape(text) for key, text in texts.items()}
        cells += [texts.get(key, "\\N") for key in TEXTS]
        cells += [*self.phones, "\\N", "\\N", "\\N"][:3]
        cells += [*self.emails, "\\N", "\\N", "\\N"][:3]
        cells += ["t" if flag in self.flags else "f" for flag in FLAGS]
        cells.append(_escape(self.notes) if self.notes else "\\N")
        cells.append(_escape(json.dumps(self.custom)) if self.custom else "\\N")
        cells.append(_array(self.other_properties) if self.other_properties else "\\N")
        cells.append(_array(self.tags) if self.tags else "\\N")
        return "\t".join(cells)


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _array(items: list[str]) -> str:
    quoted = ('"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"' for item in items)
    return _escape("{" + ",".join(quoted) + "}")


def staged_bad_row(line: int, reason: str, cells: list[str]) -> str:
    """The COPY line of a row that no contact came from."""
    # jsonb and text hold no NUL, so a damaged cell shows its place instead.
    original = json.dumps([cell.replace("\0", "\ufffd") for cell in cells])
    empty = ["\\N"] * (len(COLUMNS) - 4)
    return "\t".join(["0", str(line), _escape(reason), _escape(original), *empty])
