"""The SQL files under test, in the order in which they run."""

from .versions import PROJECT

DB = PROJECT / "db"
SCHEMA = sorted((DB / "schema").glob("0*.sql"))
APP = sorted((DB / "app").glob("1*.sql"))
SEED = DB / "schema" / "018_seed_data.sql"
INSTALL = [*SCHEMA, *APP]
RECOUNT = PROJECT / "tests" / "db" / "recount.sql"

TABLES = [
    "contacts",
    "tags",
    "contact_tags",
    "messages",
    "calls",
    "emails",
    "activities",
    "deals",
    "deal_tags",
    "deal_stage_history",
    "documents",
    "conversations",
    "assistants",
    "phone_numbers",
    "vapi_calls",
]
VIEWS = ["activity_dashboard", "contact_summary", "deal_pipeline"]
