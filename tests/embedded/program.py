"""A program that uses the server until its input ends; the tests start it as a process."""

import sys
from pathlib import Path

from crm.embedded import ServerError, running


def main() -> None:
    try:
        with running(Path(sys.argv[1]), durable=False) as server:
            print("up", server.admin_dsn, flush=True)  # noqa: T201
            sys.stdin.read()
    except ServerError as error:
        print("refused", error, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
