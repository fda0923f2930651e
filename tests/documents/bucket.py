"""A bucket that speaks as much of S3's protocol as a file store needs, over real HTTP.

It checks no signature. What it proves is that our keys, ranges, parts and deletes travel as S3
wants them; a real S3 or MinIO was not at hand where these tests were written.
"""

import hashlib
import re
from xml.sax.saxutils import escape

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


class Bucket:
    """`objects` by key; `app` is what to serve."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.largest_part = 0
        self._parts: dict[str, dict[int, bytes]] = {}
        methods = ["GET", "HEAD", "PUT", "POST", "DELETE"]
        self.app = Starlette(routes=[
            Route("/bucket", self._many, methods=["POST"]),
            Route("/bucket/{key:path}", self._one, methods=methods),
        ])  # fmt: skip

    async def _many(self, request: Request) -> Response:
        keys = re.findall(r"<Key>([^<]*)</Key>", (await request.body()).decode())
        for key in keys:
            self.objects.pop(key, None)
        gone = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
        return _xml("DeleteResult", gone)

    async def _one(self, request: Request) -> Response:
        key, asked = request.path_params["key"], request.query_params
        if not key:
            return await self._many(request)
        if request.method == "POST" and "uploads" in asked:
            self._parts[key] = {}
            return _xml("InitiateMultipartUploadResult", f"<UploadId>{escape(key)}</UploadId>")
        if request.method == "POST":
            parts = self._parts.pop(key)
            self.objects[key] = b"".join(parts[number] for number in sorted(parts))
            return _xml("CompleteMultipartUploadResult", f"<ETag>{_tag(self.objects[key])}</ETag>")
        if request.method == "PUT":
            return await self._put(request, key)
        return self._get(request, key)

    async def _put(self, request: Request, key: str) -> Response:
        content = await request.body()
        if number := request.query_params.get("partNumber"):
            self.largest_part = max(self.largest_part, len(content))
            self._parts[key][int(number)] = content
        else:
            self.objects[key] = content
        return Response(headers={"ETag": _tag(content)})

    def _get(self, request: Request, key: str) -> Response:
        if request.method == "DELETE":
            self.objects.pop(key, None)
            return Response(status_code=204)
        content = self.objects.get(key)
        if content is None:
            return Response("<Error><Code>NoSuchKey</Code></Error>", 404, media_type="text/xml")
        headers = {"ETag": _tag(content), "Last-Modified": "Wed, 25 Nov 2026 12:00:00 GMT"}
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("range", ""))
        if not asked:
            return Response(content, headers=headers, media_type="application/octet-stream")
        start, last = int(asked[1]), min(int(asked[2]), len(content) - 1)
        headers["Content-Range"] = f"bytes {start}-{last}/{len(content)}"
        return Response(content[start : last + 1], 206, headers)


def _tag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _xml(name: str, inner: str) -> Response:
    return Response(f'<{name} xmlns="{NAMESPACE}">{inner}</{name}>', media_type="application/xml")
