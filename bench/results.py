"""Where measurements are kept: bench/results/<name>.json, with the machine they were made on."""

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def write(name: str, contacts: int, messages: int, results: Any) -> None:
    """Write one measurement; the last run of a name replaces the one before."""
    RESULTS.mkdir(exist_ok=True)
    about = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": platform.platform(),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "contacts": contacts,
        "messages": messages,
    }
    text = json.dumps(about | {"results": results}, indent=1, default=str)
    (RESULTS / f"{name}.json").write_text(text + "\n")
