"""What a file is, by its content and not by what its sender says; what a browser may do with it.

A file of an unknown kind is stored and only ever sent as a download of bytes. HTML and SVG are such
kinds on purpose: they could run scripts. Programs are refused.
"""

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass

HEAD_BYTES = 4096  # what a signature is looked for in
TAIL_BYTES = 4096  # where an archive lists what is in it
UNKNOWN = "application/octet-stream"
_OFFICE = "application/vnd.openxmlformats-officedocument"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: what people call it, its icon, and how a page shows it."""

    mime: str
    words: str
    icon: str
    show: str = ""  # how a page shows it: pdf, image, text, audio, video; '' for not at all


KINDS = {
    kind.mime: kind
    for kind in (
        Kind("application/pdf", "PDF", "file-text", "pdf"),
        Kind("image/png", "PNG image", "file-image", "image"),
        Kind("image/jpeg", "JPEG image", "file-image", "image"),
        Kind("image/gif", "GIF image", "file-image", "image"),
        Kind("image/webp", "WebP image", "file-image", "image"),
        Kind("image/heic", "HEIC image", "file-image"),
        Kind(f"{_OFFICE}.wordprocessingml.document", "Word document", "file-text"),
        Kind(f"{_OFFICE}.spreadsheetml.sheet", "Excel workbook", "file-spreadsheet"),
        Kind(f"{_OFFICE}.presentationml.presentation", "PowerPoint slides", "presentation"),
        Kind("application/msword", "Word document", "file-text"),
        Kind("application/vnd.ms-excel", "Excel workbook", "file-spreadsheet"),
        Kind("application/vnd.ms-powerpoint", "PowerPoint slides", "presentation"),
        Kind("text/plain", "Text", "file-text", "text"),
        Kind("text/csv", "CSV table", "file-spreadsheet", "text"),
        Kind("text/vcard", "Contact card", "user", "text"),
        Kind("message/rfc822", "Email", "mail", "text"),
        Kind("audio/mpeg", "MP3 audio", "file-music", "audio"),
        Kind("audio/wav", "WAV audio", "file-music", "audio"),
        Kind("audio/mp4", "M4A audio", "file-music", "audio"),
        Kind("video/mp4", "MP4 video", "file-play", "video"),
        Kind("video/quicktime", "QuickTime video", "file-play", "video"),
        Kind("application/zip", "ZIP archive", "file-archive"),
        Kind(UNKNOWN, "File", "file"),
    )
}

_PROGRAMS = (
    b"\x7fELF", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"#!", b"dex\n", b"L\x00\x00\x00\x01\x14\x02",
)  # fmt: skip
_PROGRAM_NAMES = frozenset(
    "apk app appimage application bat cmd com cpl dll dmg exe gadget hta iso jar js jse lnk mjs msc"
    " msi msix msp pif pkg ps1 psm1 reg scf scr sh sys url vb vbe vbs wsf wsh xll".split()
)
_ZIP_NAMES = {
    "docx": (b"word/", f"{_OFFICE}.wordprocessingml.document"),
    "xlsx": (b"xl/", f"{_OFFICE}.spreadsheetml.sheet"),
    "pptx": (b"ppt/", f"{_OFFICE}.presentationml.presentation"),
}
_OLE_NAMES = {
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
}
_TEXT_NAMES = {
    "txt": "text/plain", "log": "text/plain", "md": "text/plain", "csv": "text/csv",
    "tsv": "text/csv", "vcf": "text/vcard", "eml": "message/rfc822",
}  # fmt: skip
_BRANDS = {
    b"M4A ": "audio/mp4", b"M4B ": "audio/mp4", b"qt  ": "video/quicktime", b"heic": "image/heic",
    b"heix": "image/heic", b"heim": "image/heic", b"heis": "image/heic", b"hevc": "image/heic",
    b"hevx": "image/heic", b"mif1": "image/heic", b"msf1": "image/heic", b"isom": "video/mp4",
    b"iso2": "video/mp4", b"iso4": "video/mp4", b"iso5": "video/mp4", b"iso6": "video/mp4",
    b"mp41": "video/mp4", b"mp42": "video/mp4", b"avc1": "video/mp4", b"M4V ": "video/mp4",
    b"dash": "video/mp4", b"3gp4": "video/mp4", b"3gp5": "video/mp4", b"MSNV": "video/mp4",
}  # fmt: skip
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MP3_FRAMES = (b"\xff\xfb", b"\xff\xfa", b"\xff\xf3", b"\xff\xf2")


def extension_of(name: str) -> str:
    """The end of a file's name: `pdf` of `Deed.PDF`, '' for none."""
    _, dot, end = name.rpartition(".")
    return end.lower()[:20] if dot and end.isalnum() else ""


def is_program(head: bytes, name: str) -> bool:
    """Whether somebody who opens this file runs it."""
    windows = (
        head.startswith(b"MZ") and b"\x00" in head
    )  # not a note that begins with these letters
    return windows or head.startswith(_PROGRAMS) or extension_of(name) in _PROGRAM_NAMES


def kind_of(mime: str | None) -> Kind:
    """The kind of a stored type; the unknown kind for any other."""
    return KINDS.get(mime or "", KINDS[UNKNOWN])


def detect(head: bytes, tail: bytes, name: str) -> str:
    """The media type of a file by its first and last bytes; its name only tells text from text."""
    extension = extension_of(name)
    return next(filter(None, (look(head, tail, extension) for look in _LOOKS)), UNKNOWN)


def _by_signature(head: bytes, _tail: bytes, _extension: str) -> str:
    for start, mime in (
        (b"%PDF-", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
    ):
        if head.startswith(start):
            return mime
    return ""


def _by_container(head: bytes, _tail: bytes, extension: str) -> str:
    if head.startswith(b"RIFF"):
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12], "")
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "")
    if head.startswith(b"ID3") or (extension == "mp3" and head.startswith(_MP3_FRAMES)):
        return "audio/mpeg"
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _OLE_NAMES.get(extension, "")
    return ""


def _by_archive(head: bytes, tail: bytes, extension: str) -> str:
    if not head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return ""
    folder, mime = _ZIP_NAMES.get(extension, (b"", ""))
    listed = head + tail
    return mime if folder and folder in listed else "application/zip"


def _by_text(head: bytes, _tail: bytes, extension: str) -> str:
    mime = _TEXT_NAMES.get(extension, "")
    if not mime or _NO_TEXT.search(head):
        return ""
    return mime if _is_utf8(head) or mime != "text/vcard" else ""


def _is_utf8(head: bytes) -> bool:
    try:
        # The last character may be cut in the middle.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


_LOOKS: tuple[Callable[[bytes, bytes, str], str], ...] = (
    _by_signature,
    _by_container,
    _by_archive,
    _by_text,
)
