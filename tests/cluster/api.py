"""A Bot API of few words: it takes what the programs send as fast as it comes, and remembers all of it."""

import json
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

ME = {"id": 1, "is_bot": True, "first_name": "Duologue", "username": "duologue_bot"}


@dataclass(slots=True)
class Said:
    """A message as it came first, and the buttons that it has now."""

    message_id: int
    text: str
    at: float
    buttons: list[str] = field(default_factory=list)


class Api:
    """Listens on a port of this machine. `heard` is called with a chat in which something changed."""

    def __init__(self, heard: Callable[[int], None]) -> None:
        self.chats: defaultdict[int, list[Said]] = defaultdict(list)
        self.files: dict[str, bytes] = {}
        """What people sent, by its id."""
        self._heard = heard
        self._runner: web.AppRunner | None = None
        self._hook = ""
        self.url = ""

    async def start(self) -> None:
        """Listen."""
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/bot{token}/{method}", self._call)
        app.router.add_get("/file/bot{token}/{file_id}", self._file)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        self.url = f"http://127.0.0.1:{port}"

    async def stop(self) -> None:
        """Listen no more."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _call(self, request: web.Request) -> web.Response:
        given: dict[str, Any] = dict(await request.post())
        if request.content_type == "application/json":
            given = await request.json()
        method = request.match_info["method"].lower()
        return web.json_response({"ok": True, "result": self._result(method, given)})

    async def _file(self, request: web.Request) -> web.Response:
        return web.Response(body=self.files[request.match_info["file_id"]])

    def _result(self, method: str, given: dict[str, Any]) -> Any:
        if method == "getme":
            return ME
        if method == "setwebhook":
            self._hook = str(given.get("url", ""))
        if method == "getwebhookinfo":
            return {"url": self._hook, "has_custom_certificate": False, "pending_update_count": 0}
        if method == "getfile":
            file_id = str(given["file_id"])
            return {
                "file_id": file_id,
                "file_unique_id": file_id,
                "file_size": len(self.files[file_id]),
                "file_path": file_id,
            }
        if method.startswith("send"):
            chat = int(given["chat_id"])
            said = Said(
                len(self.chats[chat]) + 1,
                str(given.get("text") or given.get("caption") or ""),
                time.monotonic(),
            )
            said.buttons = _buttons(given)
            self.chats[chat].append(said)
            self._heard(chat)
            return _message(chat, said)
        if method.startswith("editmessage"):
            chat = int(given["chat_id"])
            said = self.chats[chat][int(given["message_id"]) - 1]
            said.buttons = _buttons(given)
            self._heard(chat)
            return _message(chat, said)
        return True


def _message(chat: int, said: Said) -> dict[str, Any]:
    return {
        "message_id": said.message_id,
        "date": 0,
        "chat": {"id": chat, "type": "private"},
        "text": said.text,
    }


def _buttons(given: dict[str, Any]) -> list[str]:
    markup = given.get("reply_markup") or {}
    markup = json.loads(markup) if isinstance(markup, str) else markup
    rows = markup.get("inline_keyboard", [])
    return [button["callback_data"] for row in rows for button in row if "callback_data" in button]
