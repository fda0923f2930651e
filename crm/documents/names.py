"""Names of files: as people sent them, without what could mislead a person or a file system."""

import re
import unicodedata
from urllib.parse import quote

from crm.documents.kinds import extension_of

MOST = 255


def clean_name(sent: str) -> str:
    """A name for people: no folders, no control or direction characters, at most 255 characters."""
    # Some browsers on Windows send the whole path; others may send ../../ on purpose.
    last = sent.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    shown = "".join(
        c for c in unicodedata.normalize("NFC", last) if unicodedata.category(c)[0] != "C"
    )
    name = " ".join(shown.split())
    if len(name) > MOST:
        end = extension_of(name)
        name = f"{name[: MOST - len(end) - 1].rstrip('. ')}.{end}" if end else name[:MOST]
    return name if name.strip(". ") else "document"


def download_name(name: str, extension: str | None) -> str:
    """The name a browser saves under: the document's name, with its extension when it has none."""
    shown = clean_name(name)
    if not extension or extension_of(shown) == extension:
        return shown
    return f"{shown[: MOST - len(extension) - 1]}.{extension}"


def disposition(kind: str, name: str) -> str:
    """A Content-Disposition (RFC 6266): a plain name, and the whole one for newer clients."""
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^\w .()+,=@-]", "_", folded, flags=re.ASCII).strip() or "document"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
