"""A bot that is nothing but HTTP calls."""

from __future__ import annotations

import io
from typing import Any

import aiohttp


class RawBot:
    """Calls methods with JSON and returns the whole answer."""

    def __init__(self, url: str, token: str) -> None:
        self.base = f"{url}/bot{token}"
        self.file_base = f"{url}/file/bot{token}"
        self.session = aiohttp.ClientSession()
        self.offset = 0

    async def __call__(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call with a JSON body."""
        async with self.session.post(f"{self.base}/{method}", json=parameters) as answer:
            body: dict[str, Any] = await answer.json()
            assert answer.status == (200 if body["ok"] else body["error_code"])
            return body

    async def result(self, method: str, **parameters: Any) -> Any:
        """Call and return the result of a call that must succeed."""
        body = await self(method, **parameters)
        assert body["ok"], body
        return body["result"]

    async def refusal(self, method: str, **parameters: Any) -> str:
        """Call and return the description of a call that must fail."""
        body = await self(method, **parameters)
        assert not body["ok"], body
        return str(body["description"])

    async def upload(self, method: str, files: dict[str, bytes], **fields: str) -> dict[str, Any]:
        """Call with a multipart body."""
        form = aiohttp.FormData()
        for name, data in files.items():
            form.add_field(
                name, io.BytesIO(data), filename=f"{name}.bin", content_type="application/octet-stream"
            )
        for name, value in fields.items():
            form.add_field(name, value)
        async with self.session.post(f"{self.base}/{method}", data=form) as answer:
            body: dict[str, Any] = await answer.json()
            return body

    async def updates(self, timeout: int = 0, **parameters: Any) -> list[dict[str, Any]]:
        """Fetch and confirm what waits."""
        updates: list[dict[str, Any]] = await self.result(
            "getUpdates", offset=self.offset, timeout=timeout, **parameters
        )
        if updates:
            self.offset = updates[-1]["update_id"] + 1
        return updates
