"""The fields a column of a file may go to, in the groups in which the mapping page shows them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """`key` is what a mapping holds; several columns may share a field when `many`."""

    key: str
    label: str
    many: bool = False


FIELD_GROUPS: dict[str, tuple[Field, ...]] = {
    "Name": (
        Field("first_name", "First name"),
        Field("middle_name", "Middle name"),
        Field("last_name", "Last name"),
        Field("suffix", "Suffix"),
        Field("full_name", "Full name"),
        Field("llc_name", "Company"),
        Field("job_title", "Job title"),
        Field("owner2_first_name", "Second owner: first name"),
        Field("owner2_last_name", "Second owner: last name"),
        Field("owner2_full_name", "Second owner: full name"),
    ),
    "Reach": (
        Field("phone", "Phone", many=True),
        Field("phone_type", "Type of the phone before it", many=True),
        Field("phone_dnc", "Do-not-call mark of the phone before it", many=True),
        Field("email", "Email", many=True),
    ),
    "Mailing address": (
        Field("mailing_care_of", "Mailing: care of"),
        Field("mailing_street", "Mailing: street, or all of it"),
        Field("mailing_unit", "Mailing: unit"),
        Field("mailing_city", "Mailing: city"),
        Field("mailing_state", "Mailing: state"),
        Field("mailing_zip", "Mailing: ZIP code"),
        Field("mailing_country", "Mailing: country"),
    ),
    "Property": (
        Field("property_address", "Property: street"),
        Field("property_unit", "Property: unit"),
        Field("city", "City"),
        Field("state", "State"),
        Field("zip_code", "ZIP code"),
        Field("property_county", "County"),
        Field("property_type", "Property type"),
        Field("bedrooms", "Bedrooms"),
        Field("total_bathrooms", "Bathrooms"),
        Field("building_sqft", "Building sqft"),
        Field("lot_size_sqft", "Lot size sqft"),
        Field("effective_year_built", "Year built"),
        Field("est_value", "Estimated value"),
        Field("debt_owed", "Debt owed"),
        Field("est_equity", "Estimated equity"),
        Field("last_sale_date", "Last sale date"),
        Field("last_sale_amount", "Last sale amount"),
    ),
    "Business": (
        Field("deal_status", "Status"),
        Field("lead_source", "Lead source"),
        Field("assigned_to", "Owner of the contact (name or email)"),
        Field("tags", "Tags", many=True),
        Field("notes", "Notes", many=True),
    ),
    "Consent": (
        Field("dnc", "Do not contact"),
        Field("dnc_reason", "Reason not to contact"),
        Field("litigator", "Litigator"),
        Field("do_not_mail", "Do not mail"),
        Field("sms_opt_out", "SMS opt-out"),
        Field("email_opt_out", "Email opt-out"),
    ),
    "Other": (Field("custom", "Custom field with this name", many=True),),
}

FIELDS: dict[str, Field] = {field.key: field for group in FIELD_GROUPS.values() for field in group}

# A file without any of these cannot give a contact.
IDENTITY = frozenset(
    ("first_name", "last_name", "full_name", "llc_name", "owner2_first_name", "owner2_last_name",
     "owner2_full_name", "phone", "email")
)  # fmt: skip
