"""What a file is said to be, by its content; and what its name becomes."""

import io
import zipfile

import pytest

from crm.documents import samples
from crm.documents.kinds import UNKNOWN, detect, is_program, kind_of
from crm.documents.names import MOST, clean_name, disposition, download_name

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name in names:
            made.writestr(name, "x" * 5000)
    return out.getvalue()


def kind(content: bytes, name: str) -> str:
    return detect(content[:4096], content[-4096:], name)


@pytest.mark.parametrize(
    ("name", "content", "mime"),
    [
        ("a.pdf", samples.pdf("x", []), "application/pdf"),
        ("renamed.docx", samples.pdf("x", []), "application/pdf"),
        ("a.png", samples.picture("x"), "image/png"),
        ("photo.png", b"\xff\xd8\xff\xe0" + bytes(60), "image/jpeg"),
        ("a.gif", b"GIF89a" + bytes(20), "image/gif"),
        ("a.webp", b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        ("a.heic", b"\x00\x00\x00\x18ftypheic" + bytes(20), "image/heic"),
        ("a.mp4", b"\x00\x00\x00\x18ftypisom" + bytes(20), "video/mp4"),
        ("a.mov", b"\x00\x00\x00\x14ftypqt  " + bytes(20), "video/quicktime"),
        ("a.m4a", b"\x00\x00\x00\x18ftypM4A " + bytes(20), "audio/mp4"),
        ("a.wav", b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        ("a.mp3", b"ID3\x04" + bytes(20), "audio/mpeg"),
        ("bare.mp3", b"\xff\xfb\x90\x00" + bytes(20), "audio/mpeg"),
        ("a.docx", zipped("big.bin", "word/document.xml"), WORD),
        ("t12.xlsx", samples.workbook("x"), EXCEL),
        ("not-really.docx", zipped("readme.txt"), "application/zip"),
        ("a.zip", samples.archive("x"), "application/zip"),
        ("a.doc", OLE, "application/msword"),
        ("a.xls", OLE, "application/vnd.ms-excel"),
        ("a.txt", "Grüße aus Köln".encode(), "text/plain"),
        ("cut.txt", ("x" * 4095 + "é").encode()[:4096], "text/plain"),
        ("a.csv", b"name;phone\r\nAnn;1", "text/csv"),
        ("old.csv", "Größe".encode("latin-1"), "text/csv"),
        ("a.vcf", b"BEGIN:VCARD\r\nVERSION:3.0", "text/vcard"),
        ("a.eml", b"Subject: Hello\r\n\r\nHi", "message/rfc822"),
    ],
)  # fmt: skip
def test_a_file_is_what_its_content_says(name: str, content: bytes, mime: str):
    assert kind(content, name) == mime


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.html", b"<script>alert(1)</script>"),
        ("page.pdf", b"<!doctype html><script>alert(1)</script>"),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"),
        ("drawing.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("noise.txt", bytes(range(256))),
        ("no-extension", b"hello"),
        ("unknown.avif", b"\x00\x00\x00\x18ftypavif" + bytes(20)),
    ],
)
def test_what_could_be_a_page_or_is_unknown_is_only_bytes(name: str, content: bytes):
    assert kind(content, name) == UNKNOWN
    assert kind_of(UNKNOWN).show == ""


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("invoice.pdf", b"MZ\x90\x00\x03" + bytes(60)),
        ("tool", b"\x7fELF\x02\x01" + bytes(60)),
        ("run.txt", b"#!/bin/sh\nrm -rf /"),
        ("setup.MSI", OLE),
        ("macro.js", b"alert(1)"),
        ("page.hta", b"<script>"),
    ],
)
def test_a_program_is_known_by_content_or_by_name(name: str, content: bytes):
    assert is_program(content, name)


def test_a_note_is_no_program():
    assert not is_program(b"MZ is the postal code of Mainz", "note.txt")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\Ann\\Deed.pdf", "Deed.pdf"),
        ("..", "document"),
        ("", "document"),
        ("/", "document"),
        ("a\x00b\r\nc.pdf", "abc.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("Vertrag  für  Köln.pdf", "Vertrag für Köln.pdf"),
        ("契約書.pdf", "契約書.pdf"),
        ("Cafe\u0301.pdf", "Café.pdf"),
    ],
)
def test_a_name_keeps_what_people_read_and_nothing_else(sent: str, kept: str):
    assert clean_name(sent) == kept


def test_a_long_name_keeps_its_end():
    name = clean_name("x" * 400 + ".pdf")
    assert len(name) == MOST
    assert name.endswith("x.pdf")


def test_a_download_has_an_extension():
    assert download_name("Purchase agreement", "pdf") == "Purchase agreement.pdf"
    assert download_name("Deed.PDF", "pdf") == "Deed.PDF"
    assert download_name("Notes v1.2", None) == "Notes v1.2"


def test_a_disposition_says_the_name_to_old_and_new_clients():
    said = disposition("attachment", 'Vertrag "für" 契約; x.pdf')
    assert said == (
        'attachment; filename="Vertrag _fur_ _ x.pdf"; '
        "filename*=UTF-8''Vertrag%20%22f%C3%BCr%22%20%E5%A5%91%E7%B4%84%3B%20x.pdf"
    )
    assert said.isascii()
