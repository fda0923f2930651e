"""Which program wrote a file, told from its headers, and where that program's columns go.

Header sets: PropStream, Google Contacts (current and old), Outlook, HubSpot, Salesforce reports
and Data Loader, Follow Up Boss. They share most words, so one table of aliases serves all; a
source adds only what means something else in its files.
"""

import re
from dataclasses import dataclass, field

Pattern = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Source:
    """`signature`: headers (lower case) of which `needed` must be there. `columns`: regex -> field.

    `lead_source` is given to new contacts of files that say nothing about it.
    """

    key: str
    label: str
    signature: frozenset[str]
    needed: int
    columns: tuple[Pattern, ...] = ()
    lead_source: str | None = None
    kept: frozenset[str] = field(default_factory=frozenset)


def _headers(text: str) -> frozenset[str]:
    return frozenset(text.split("|"))


SOURCES = (
    Source(
        "propstream", "PropStream",
        _headers("apn|owner occupied|owner 1 first name|owner 1 last name|mailing care of name"
                 "|owner 2 last name|est. equity|foreclosure factor|marketing lists|method of add"),
        5,
        ((r"address", "property_address"), (r"unit #", "property_unit"),
         (r"phone \d+ type", "phone_type"), (r"phone \d+ dnc", "phone_dnc"),
         (r"est\. remaining balance of open loans", "debt_owed"),
         (r"mailing county|date added to list|method of add|total assessed value", None),
         (r"(?:total|interior|exterior|bathroom|kitchen) condition", None),
         (r"mls (?:date|amount)|lien amount|total open loans", None)),
        "PropStream",
        _headers("apn|owner occupied|est. loan-to-value|mls status|foreclosure factor"),
    ),
    Source(
        "google", "Google Contacts",
        _headers("phonetic first name|phonetic last name|file as|organization name|labels"
                 "|e-mail 1 - value|phone 1 - value"),
        4,
        ((r"organization department", "custom"),
         (r"name prefix|phonetic .*|file as|photo", None),
         (r"(?:e-mail|website|event|relation|im|custom field|sip) \d+ - (?:label|type)", None),
         (r"address \d+ - (?:label|po box|extended address)", None)),
        "Google Contacts",
    ),
    Source(
        "google_old", "Google Contacts (old export)",
        _headers("yomi name|given name yomi|additional name|family name|group membership"
                 "|e-mail 1 - value|phone 1 - value|given name|directory server"),
        5,
        ((r"name|.*yomi.*|name prefix|initials|short name|maiden name|photo", None),
         (r"directory server|mileage|sensitivity|priority|subject|billing information", None),
         (r"organization \d+ - type", None),
         (r"(?:e-mail|im|website|event|relation|custom field) \d+ - (?:type|service)", None),
         (r"address \d+ - (?:type|po box|extended address)", None)),
        "Google Contacts",
    ),
    Source(
        "outlook", "Outlook",
        _headers("e-mail address|e-mail display name|business phone|business street|home street"
                 "|other street|company main phone|tty/tdd phone|callback|business country/region"),
        4,
        ((r"title", None), (r"e-mail \d? ?display name|e-mail \d? ?type|e-mail type", None),
         (r"mobile phone|business phone|home phone|primary phone|business phone 2|home phone 2"
          r"|other phone", "phone"),
         (r".*(?:fax|pager|telex|isdn|callback|company main phone|radio phone|car phone"
          r"|tty/tdd phone|assistant's phone)", None),
         (r"account|billing information|directory server|gender|priority|private|sensitivity"
          r"|mileage|keywords|internet free busy|language|location|initials", None),
         (r"other (?:street|city|state|postal code|country).*", None),
         (r"(?:business|home) (?:street [23]|address po box)", None)),
        "Outlook",
    ),
    Source(
        "hubspot", "HubSpot",
        _headers("record id|lifecycle stage|lead status|contact owner|associated company"
                 "|associated company ids|create date|original source"),
        3,
        ((r"associated company ids|associated deal.*|last activity date", None),
         (r"(?:primary )?associated company(?: \(primary\))?", "llc_name"),
         (r"lead status|lifecycle stage|record id", "custom"),
         (r"country/region", "mailing_country"), (r"city", "mailing_city"),
         (r"state/region", "mailing_state"), (r"postal code", "mailing_zip"),
         (r"street address", "mailing_street"), (r"original source", "lead_source")),
        "HubSpot",
    ),
    Source(
        "salesforce", "Salesforce",
        _headers("salutation|mailing state/province|mailing zip/postal code|account owner"
                 "|account name|lead owner|mailing street"),
        3,
        ((r"salutation", None), (r"title", "job_title"), (r"fax", None),
         (r"account owner|contact owner|lead owner", "assigned_to")),
        "Salesforce",
    ),
    Source(
        "salesforce_loader", "Salesforce Data Loader",
        _headers("id|firstname|lastname|mailingstreet|ownerid|accountid|mobilephone|leadsource"
                 "|mailingpostalcode|isdeleted|createddate|company|status|phone|email"),
        5,
        ((r"id|ownerid|accountid|isdeleted|masterrecordid|.*id|system.*|created.*", None),
         (r"lastmodified.*|lastactivity.*|lastviewed.*|lastreferenced.*|isemailbounced", None),
         (r"title", "job_title"), (r"salutation|fax|photourl", None), (r"status", "custom"),
         (r"street", "mailing_street"), (r"city", "mailing_city"), (r"state", "mailing_state"),
         (r"postalcode", "mailing_zip"), (r"country", "mailing_country"),
         (r"donotcall", "dnc"), (r"hasoptedoutofemail", "email_opt_out")),
        "Salesforce",
    ),
    Source(
        "followupboss", "Follow Up Boss",
        _headers("date added|stage|lead source|assigned to|is contacted|listing price|timeframe"
                 "|last assigned|property mls number|relationship 1 first name"),
        4,
        ((r"name", None), (r"id|last assigned|is contacted|deal stage|deal close date", None),
         (r"deal price|campaign .*|relationship .*|email \d+ - (?:type|status)", None),
         (r"phone \d+ - status|address \d+ - (?:type|country)", None),
         (r"address [2-9] - .*", None), (r"property mls number|property price", "custom"),
         (r"property area", "building_sqft"), (r"property lot", "lot_size_sqft"),
         (r"property beds", "bedrooms"), (r"property baths", "total_bathrooms"),
         (r"message|description|background|calls|texts", "notes"), (r"stage", "custom")),
        "Follow Up Boss",
    ),
)  # fmt: skip

GENERIC = Source("generic", "CSV file", frozenset(), 0)
BY_KEY = {source.key: source for source in (*SOURCES, GENERIC)}

# Headers that mean the same in all files; the first that matches the whole header wins.
ALIASES: tuple[Pattern, ...] = (
    (r"(?:owner )?(?:first|given|fore) ?name|firstname|first|fname|vorname|prénom|nombre",
     "first_name"),
    (r"owner 1 first name|owner1 first name", "first_name"),
    (r"(?:owner )?(?:last|family|sur) ?name|lastname|last|lname|surname|nachname|nom|apellidos?",
     "last_name"),
    (r"owner 1 last name|owner1 last name", "last_name"),
    (r"(?:owner|co-?owner) ?2 first name|second owner first name", "owner2_first_name"),
    (r"(?:owner|co-?owner) ?2 last name|second owner last name", "owner2_last_name"),
    (r"owner 2(?: (?:full )?name)?|co-?owner(?: name)?|second owner(?: name)?",
     "owner2_full_name"),
    (r"middle name|additional name|middle", "middle_name"),
    (r"(?:name )?suffix", "suffix"),
    (r"(?:full|contact|owner|lead|display|customer|client|person|seller|buyer) ?(?:full )?name"
     r"|name|contact|owner|owner 1(?: (?:full )?name)?|person - name", "full_name"),
    (r"company(?: ?name)?|organi[sz]ation(?: name)?|organi[sz]ation 1 - name|account ?name|llc"
     r"|llc name|business(?: name)?|organization - name|employer|firma", "llc_name"),
    (r"(?:job|position) ?(?:title)?|organi[sz]ation title|organi[sz]ation 1 - title|occupation"
     r"|role", "job_title"),
    (r".*(?:phone|mobile|cell|number) ?\d* ?-? ?(?:type|label)", "phone_type"),
    (r".*(?:phone|mobile|cell) ?\d* ?-? ?(?:dnc|do not call)(?: status)?", "phone_dnc"),
    (r"person - phone - .*|person - phone", "phone"),
    (r"(?:(?:mobile|cell|cellular|home|work|business|office|main|primary|other|day|evening"
     r"|contact|owner|landline|direct|skip ?traced?|wireless) ?)*"
     r"(?:tele)?(?:phone|mobile|cell|tel|telefon|whatsapp)(?: ?(?:number|no\.?|#|num))?"
     r" ?\d*(?: ?- ?value)?|(?:home|work|other|assistant)phone|tel\.", "phone"),
    (r"person - email - .*|person - email", "email"),
    (r"(?:(?:primary|work|home|personal|business|other|contact|owner|skip ?traced?) ?)*"
     r"e-?mail(?: ?(?:address|id))? ?\d*(?: ?address)?(?: ?- ?value)?|correo.*|courriel", "email"),
    (r"mailing care of(?: name)?|care of", "mailing_care_of"),
    (r"(?:mailing|home|business|owner mailing|contact) ?(?:address|street)(?: ?1| line 1)?"
     r"|address 1 - street|person - postal address", "mailing_street"),
    (r"mailing unit(?: #)?|mailing address 2", "mailing_unit"),
    (r"(?:mailing|home|business) ?city|address 1 - city", "mailing_city"),
    (r"(?:mailing|home|business) ?state(?:/province)?|address 1 - (?:region|state)",
     "mailing_state"),
    (r"(?:mailing|home|business) ?(?:zip|postal) ?(?:code)?(?:/postal code)?"
     r"|mailing zip/postal code|address 1 - (?:postal code|zip)", "mailing_zip"),
    (r"(?:mailing|home|business) ?country(?:/region)?|address 1 - country|country",
     "mailing_country"),
    (r"(?:property|site|situs|subject) ?(?:street ?)?(?:address|street)(?: 1)?|street(?: address)?"
     r"|address(?: ?1| line 1)?|input data: property address", "property_address"),
    (r"(?:property )?unit(?: ?(?:#|number))?|apt\.?|apartment|address(?: ?2| line 2)",
     "property_unit"),
    (r"(?:property |situs |input data: property )?city|town|ort", "city"),
    (r"(?:property |situs |input data: property )?(?:state|province|region)(?:/region)?"
     r"|state/province", "state"),
    (r"(?:property |situs |input data: property )?(?:zip|postal|post) ?(?:code)?"
     r"|zip/postal code|plz", "zip_code"),
    (r"(?:property |situs )?county(?: name)?", "property_county"),
    (r"(?:property|home) type|property ?use|land use", "property_type"),
    (r"(?:property )?(?:bed ?rooms?|beds?|# of beds|bedroom count)", "bedrooms"),
    (r"(?:property )?(?:total )?(?:bath ?rooms?|baths?|# of baths|bathroom count)",
     "total_bathrooms"),
    (r"building (?:sqft|sq ?ft|square feet|area|size)|living area(?: sqft)?|sq ?ft"
     r"|square ?(?:feet|footage)|total building area", "building_sqft"),
    (r"lot (?:size|area)(?: (?:sqft|sq ?ft|square feet))?", "lot_size_sqft"),
    (r"(?:effective )?year built|built", "effective_year_built"),
    (r"est(?:\.|imated)? (?:market )?value|market value|value|arv|zestimate", "est_value"),
    (r"debt(?: owed)?|mortgage balance|loan balance|total loan balance|owed", "debt_owed"),
    (r"est(?:\.|imated)? equity|equity", "est_equity"),
    (r"last sale (?:recording )?date|sale date|date of sale", "last_sale_date"),
    (r"last sale (?:amount|price)|sale (?:amount|price)", "last_sale_amount"),
    (r"(?:deal |lead )?(?:status|stage)", "deal_status"),
    (r"(?:lead|original|contact) ?source|source", "lead_source"),
    (r"assigned ?to|(?:contact|lead|record) ?owner|owner (?:email|name)|agent", "assigned_to"),
    (r"tags?|labels?|label ?names?|categor(?:y|ies)|groups?|group membership|marketing lists?"
     r"|lists?|segments?", "tags"),
    (r"(?:contact )?notes?|comments?|remarks?|description|memo", "notes"),
    (r"dnc|do not (?:call|contact)|do_not_call|donotcall|on dnc(?: list)?", "dnc"),
    (r"dnc reason|do not (?:call|contact) reason", "dnc_reason"),
    (r"(?:known )?litigators?(?: flag)?|is litigator", "litigator"),
    (r"do not mail|dnm|do_not_mail", "do_not_mail"),
    (r"(?:sms|text) ?(?:opt(?:ed)?[- ]?out|unsubscribed)|do not text|opt(?:ed)?[- ]?out of sms",
     "sms_opt_out"),
    (r"(?:e-?mail ?)?(?:opt(?:ed)?[- ]?out|unsubscribed)(?: of (?:all )?e-?mails?)?|do not e-?mail"
     r"|unsubscribed from all e-?mails?|email opt[- ]?out", "email_opt_out"),
    (r"birthday|anniversary|spouse|nickname|web ?page|website(?: url)?|website \d - value|linkedin"
     r".*|facebook.*|twitter.*|date added|created? ?date|timeframe|gender|hobby|children"
     r"|manager's name|referred by|user \d|office location|department|profession"
     r"|event \d - value|relation \d - value|custom field \d - value|apn|listing price",
     "custom"),
)  # fmt: skip

_ALIAS_EXPRESSIONS = tuple((re.compile(pattern), target) for pattern, target in ALIASES)


def recognise(headers: list[str]) -> Source:
    """The source whose signature fits best, or GENERIC."""
    present = {header.lower() for header in headers}
    fits = [
        (len(source.signature & present) / source.needed, source)
        for source in SOURCES
        if len(source.signature & present) >= source.needed
    ]
    return max(fits, key=lambda fit: fit[0])[1] if fits else GENERIC


def field_of_header(source: Source, header: str) -> str | None:
    """The field a column goes to by its header; None: it is not imported."""
    name = re.sub(r" \(\d+\)$", "", header.lower()).replace("_", " ").strip(" *:")
    for pattern, target in source.columns:
        if re.fullmatch(pattern, name):
            return target
    if name in source.kept:
        return "custom"
    for expression, target in _ALIAS_EXPRESSIONS:
        if expression.fullmatch(name):
            return target
    return None
