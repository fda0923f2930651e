"""`make bench`: fill, plans, search, pages, API, live events, import, on what is in var/bench."""

import argparse
import asyncio
import sys

from bench import endpoints, importing, live, pages, plans, search
from bench.fill import DATA_DIR
from crm import embedded


def main() -> int:
    """Exit code 1 when a page is slower than it may be, or an undo does not restore the book."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=200_000)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the import")
    given = parser.parse_args()
    with embedded.running(DATA_DIR) as server:
        complaints = asyncio.run(plans.run(server, given.contacts, given.messages))
        complaints += asyncio.run(search.run(server, given.contacts, given.messages))
        complaints += asyncio.run(pages.run(server, given.contacts, given.messages))
        complaints += endpoints.run(server, given.contacts, given.messages)
        complaints += live.run(server)
        complaints += asyncio.run(importing.run(server, given.rows))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
