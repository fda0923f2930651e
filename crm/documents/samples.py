"""Small real files for the demo's documents, whose rows come from the seed without any bytes."""

import hashlib
import io
import struct
import zipfile
import zlib
from typing import Any
from xml.sax.saxutils import escape

import asyncpg

from crm import sql
from crm.documents.kinds import detect, extension_of
from crm.storage import Storage, new_key

queries = sql.load("documents")
_WIDTH, _HEIGHT = 480, 320
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml"


async def fill(connection: asyncpg.Connection, storage: Storage) -> int:
    """Write a file for each document of the demo that has none; gives how many. For the owner."""
    rows = [row async for row in queries.sample_documents(connection)]
    for row in rows:
        name, content = make(row)
        checksum = hashlib.sha256(content).hexdigest()
        path = new_key(checksum)
        await storage.put(path, io.BytesIO(content))
        await queries.give_sample_bytes(
            connection, id=row["id"], file_path=path, file_size=len(content), checksum=checksum,
            mime_type=detect(content[:4096], content[-4096:], name), original_name=name,
            file_extension=extension_of(name),
        )  # fmt: skip
    return len(rows)


def make(row: Any) -> tuple[str, bytes]:
    """A file for a row: its name and its content, which is what the name says."""
    name, title = row["original_name"] or "document.pdf", row["name"]
    end = extension_of(name)
    if end in ("jpg", "jpeg", "png"):
        return f"{name.rpartition('.')[0]}.png", picture(title)
    if end == "xlsx":
        return name, workbook(title)
    if end == "zip":
        return name, archive(title)
    return name, pdf(title, [f"Version {row['version']}", "", *_BODY])


_BODY = [
    "This page belongs to the demo of Contact CRM. The people, addresses and",
    "amounts in it are invented.",
    "",
    "Upload a file of your own as a new version to see both in the list, or",
    "restore this one afterwards.",
]


def pdf(title: str, lines: list[str]) -> bytes:
    """A PDF of one page: a title and lines of text."""
    spoken = [f"BT /F2 20 Tf 72 720 Td ({_pdf_text(title)}) Tj ET"]
    spoken += [
        f"BT /F1 12 Tf 72 {684 - 18 * n} Td ({_pdf_text(line)}) Tj ET"
        for n, line in enumerate(lines)
    ]
    page = "\n".join(spoken).encode("cp1252", "replace")
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R /F2 6 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(page), page),
        font % b"Helvetica",
        font % b"Helvetica-Bold",
    ]
    out, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


def _pdf_text(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def picture(title: str) -> bytes:
    """A PNG: a house under a sky whose colour depends on the title."""
    tone = zlib.crc32(title.encode()) % 60
    rows = bytearray()
    for y in range(_HEIGHT):
        rows.append(0)
        for x in range(_WIDTH):
            rows += bytes(_colour(x, y, tone))
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(rows), 9)
    chunks = ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _colour(x: int, y: int, tone: int) -> tuple[int, int, int]:
    inside = 140 <= x < 340
    if inside and 170 <= y < 250:
        window = 165 <= x < 205 and 190 <= y < 220
        door = 260 <= x < 295 and y >= 195
        return (250, 220, 130) if window else (110, 70, 50) if door else (226, 214, 196)
    if abs(x - 240) < (y - 90) * 1.5 and 90 <= y < 170:
        return 150, 70 + tone, 60
    if y >= 250:
        return 90, 140, 80
    return 150 + tone - y // 8, 190 - y // 10, 235 - y // 6


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def workbook(title: str) -> bytes:
    """An Excel workbook of one sheet: months and amounts."""
    months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    cells = [(title, "Income"), *((month, 9400 + 137 * n) for n, month in enumerate(months))]
    rows = "".join(
        f'<row r="{n}"><c r="A{n}" t="inlineStr"><is><t>{escape(str(left))}</t></is></c>'
        + (f'<c r="B{n}" t="inlineStr"><is><t>{right}</t></is></c>' if isinstance(right, str)
           else f'<c r="B{n}"><v>{right}</v></c>') + "</row>"
        for n, (left, right) in enumerate(cells, 1)
    )  # fmt: skip
    return _zipped({
        "[Content_Types].xml": f'<Types xmlns="{_TYPES}"><Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_MIME}.sheet.main+xml"/>'
        f'<Override PartName="/xl/sheet1.xml" ContentType="{_MIME}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="r1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_SHEET}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="T12" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="r1" '
        f'Type="{_OFFICE}/worksheet" Target="sheet1.xml"/></Relationships>',
        "xl/sheet1.xml": f'<worksheet xmlns="{_SHEET}"><sheetData>{rows}</sheetData></worksheet>',
    })  # fmt: skip


def archive(title: str) -> bytes:
    """A ZIP archive of two texts."""
    return _zipped({
        "letter.txt": f"{title}\n\nDear Sir or Madam,\n\nthis letter is part of the demo.\n",
        "statement.csv": "date,text,amount\n2026-09-01,Rent,-1450.00\n2026-09-15,Salary,2900.00\n",
    })  # fmt: skip


def _zipped(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in files.items():
            made.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text)
    return out.getvalue()
