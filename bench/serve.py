"""Our application on a database of the bench: `python -m bench.serve DSN PORT`."""

import sys

import uvicorn

from crm import logs
from crm.app import create_app
from crm.config import Settings

if __name__ == "__main__":
    settings = Settings(_env_file=None, log_json=True, environment="production")  # pyright: ignore[reportCallIssue]
    logs.configure(settings)
    uvicorn.run(
        create_app(sys.argv[1], settings), port=int(sys.argv[2]), access_log=False,
        log_level="warning", loop="uvloop", http="httptools",
    )  # fmt: skip
