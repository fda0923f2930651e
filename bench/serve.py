"""Our application on a database of the bench: `python -m bench.serve DSN PORT`."""

import socket
import sys

from crm import logs
from crm.app import create_app
from crm.config import Settings
from crm.http_server import WebServer


def main() -> None:
    """Serve as `crm serve` does, on 127.0.0.1, with logs as in production."""
    settings = Settings(_env_file=None, log_json=True, environment="production")  # pyright: ignore[reportCallIssue]
    logs.configure(settings)
    listener = socket.create_server(("127.0.0.1", int(sys.argv[2])), backlog=2048)
    WebServer(create_app(sys.argv[1], settings), lambda: None).run(sockets=[listener])


if __name__ == "__main__":
    main()
