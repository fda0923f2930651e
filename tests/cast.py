"""The cast: Alice owns, Bob is on her team, Vera only looks, Charlie must see nothing."""

from uuid import UUID

from crm.db import Identity


def _person(number: int, role: str, name: str) -> Identity:
    email = f"{name.split()[0].lower()}@example.test"
    return Identity(UUID(f"a11ce000-0000-4000-8000-{number:012d}"), role, name, email)


ALICE = _person(1, "owner", "Alice Adams")
BOB = _person(2, "agent", "Bob Brown")
VERA = _person(3, "viewer", "Vera Vance")
# Signed in, somewhere: a valid identity that this workspace does not know.
CHARLIE = _person(666, "agent", "Charlie Crook")

MEMBERS = (ALICE, BOB, VERA)
PASSWORD = "correct horse battery staple"
