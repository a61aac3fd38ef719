"""Reading a request's parameters in every way that Telegram takes them: query, form, multipart, JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader

from bot.sandbox.errors import ApiError, Json, bad_request
from bot.sandbox.validate import Upload

if TYPE_CHECKING:
    from aiohttp.web import BaseRequest

MAX_UPLOAD = 100 * 1024 * 1024
"""Bytes of a whole request; enough for a file that is over the 50 MB a bot may send."""


async def read_parameters(request: BaseRequest) -> tuple[Json, dict[str, Upload]]:
    """Return the parameters as sent (not yet checked) and the uploaded files by part name."""
    given: Json = (
        dict(parse_qsl(request.query_string, keep_blank_values=True)) if request.query_string else {}
    )
    kind = request.content_type
    if kind == "multipart/form-data":
        uploads = await read_multipart(request, given)
        return given, uploads
    if request.can_read_body:
        body = await request.read()
        if kind == "application/json":
            given.update(json_object(body))
        elif kind == "application/x-www-form-urlencoded":
            text = body.decode("utf-8", "surrogateescape")
            given.update(parse_qsl(text, keep_blank_values=True, errors="surrogateescape"))
        elif body:
            raise bad_request(f"unsupported content type {kind}")
    return given, {}


def json_object(body: bytes) -> Json:
    """Return the object that `body` holds; an empty body is an empty object."""
    try:
        value = json.loads(body) if body else {}
    except ValueError:
        raise bad_request("can't parse request JSON object") from None
    if not isinstance(value, dict):
        raise bad_request("request must be a JSON object")
    return value


async def read_multipart(request: BaseRequest, given: Json) -> dict[str, Upload]:
    """Add the plain parts of a multipart request to `given` and return its files."""
    uploads: dict[str, Upload] = {}
    size = 0
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name is None:
                raise bad_request("a part without a name in the multipart request")
            data = bytes(await part.read(decode=True))
            size += len(data)
            if size > MAX_UPLOAD:
                raise ApiError(413, "Request Entity Too Large")
            if part.filename is None:
                given[part.name] = data.decode("utf-8", "surrogateescape")
            else:
                mime = part.headers.get("Content-Type", "application/octet-stream")
                uploads[part.name] = Upload(part.filename, data, mime)
    except ValueError as error:
        raise bad_request(f"can't read the multipart request: {error}") from None
    return uploads
