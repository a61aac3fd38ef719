"""The Bot API side of the server: one HTTP request in, Telegram's answer out, trouble on demand."""

from __future__ import annotations

import hmac
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from aiohttp import web

from bot.sandbox import asking, editing, sending
from bot.sandbox.errors import ApiError, Json, strict, too_many_requests
from bot.sandbox.faults import DOWNLOAD, Faults
from bot.sandbox.flood import COUNTED, Flood
from bot.sandbox.incoming import read_parameters
from bot.sandbox.methods import OTHER_METHODS
from bot.sandbox.mishaps import HangUpError, suffer
from bot.sandbox.updates import dumps
from bot.sandbox.validate import Call, Upload, check_call, method_named
from bot.sandbox.webhook import Webhook

if TYPE_CHECKING:
    from bot.sandbox.faults import Fault
    from bot.sandbox.world import World

_METHODS: Final = {**sending.METHODS, **editing.METHODS, **asking.METHODS}
_OTHERS: Final = {name.lower(): name for name in OTHER_METHODS}
LOG_LENGTH: Final = 50_000


class BotApi:
    """Answers the bot. `log` holds one entry per call: what, to whom, with which status, how long it took."""

    def __init__(self, world: World, token: str) -> None:
        self.world = world
        self.token = token
        self.webhook = Webhook(world)
        self.faults = Faults()
        self.flood = Flood()
        self.log: deque[Json] = deque(maxlen=LOG_LENGTH)
        self.calls = 0

    def reset(self) -> None:
        """Forget faults, flood counts and the log; the webhook stays, for the bot still runs."""
        self.webhook.drop()
        self.faults.clear()
        self.flood = Flood()
        self.log.clear()

    def right(self, token: str) -> bool:
        """Tell whether that is the bot's token."""
        return hmac.compare_digest(token.encode(), self.token.encode())

    async def handle(self, request: web.BaseRequest, token: str, name: str) -> web.StreamResponse:
        """Answer one call, whatever it is, and note it in the log."""
        began, began_mono = self.world.clock.now(), time.monotonic()
        method, chat_id, args, fault = name, None, None, None
        status: int | None = None
        response: web.StreamResponse
        try:
            if not self.right(token):
                raise ApiError(401, "Unauthorized")
            method = _known(name)
            given, uploads = await read_parameters(request)
            chat_id, args = _chat_of(given), given

            async def perform() -> web.Response:
                return _answer(await self._perform(method, given, uploads))

            fault = self._strike(method, chat_id)
            response = await (suffer(fault, request, perform) if fault else perform())
            status = response.status
        except ApiError as error:
            response, status = _refusal(error), error.code
        except HangUpError:
            response = _hung_up(request)
        self._note(method, chat_id, status, fault, began, began_mono, args)
        return response

    def _strike(self, method: str, chat_id: int | None) -> Fault | None:
        """The fault that this call meets, told in the feed."""
        fault = self.faults.strike(method, chat_id)
        if fault is not None:
            self.world.feed.publish("fault", chat_id, method=method, fault=fault.kind)
        return fault

    def _note(
        self,
        method: str,
        chat_id: int | None,
        status: int | None,
        fault: Fault | None,
        began: float,
        mono: float,
        args: Json | None,
    ) -> None:
        self.calls += 1
        self.log.append(
            {
                "seq": self.calls,
                "method": method,
                "chat_id": chat_id,
                "status": status,
                "fault": fault.kind if fault else None,
                "time": began,
                "mono": mono,
                "seconds": time.monotonic() - mono,
                "parameters": args,
            }
        )

    async def _perform(self, method: str, given: Json, uploads: dict[str, Upload]) -> bytes:
        """Check and do a call; returns the result as JSON."""
        call = check_call(method, given, uploads)
        if method == "getUpdates":
            return await self._get_updates(call)
        if self.world.settings.flood and method in COUNTED:
            self._count(call)
        handler = _METHODS.get(method)
        if handler is not None:
            return dumps(handler(self.world, call))
        return dumps(self._webhook_call(call))

    def _count(self, call: Call) -> None:
        chat_id = call.args.get("chat_id")
        if isinstance(chat_id, int):
            wait = self.flood.check(self.world.settings.limits, chat_id, time.monotonic())
            if wait:
                self.world.feed.publish("flood", chat_id, method=call.method, retry_after=wait)
                raise too_many_requests(wait)

    async def _get_updates(self, call: Call) -> bytes:
        args = call.args
        limit, timeout = args.get("limit", 100), args.get("timeout", 0)
        if timeout < 0:
            raise strict("timeout must not be negative")
        updates = self.world.updates
        updates.allow(args.get("allowed_updates"))
        # Telegram corrects a limit out of range instead of refusing it.
        limit = min(max(limit, 1), 100)
        return await updates.fetch(args.get("offset", 0), limit, min(timeout, 50))

    def _webhook_call(self, call: Call) -> Json | bool:
        if call.method == "getWebhookInfo":
            return self.webhook.info()
        if call.args.get("drop_pending_updates"):
            self.world.updates.clear()
            self.webhook.drop()
        if call.method == "deleteWebhook" or not call.args["url"]:
            self.webhook.delete()
        else:
            self.webhook.set(call.args)
            self.world.updates.allow(call.args.get("allowed_updates"))
        return True

    async def download(self, request: web.BaseRequest, token: str, path: str) -> web.StreamResponse:
        """Answer ``GET /file/bot<token>/<path>``, and note it in the log as a call of `DOWNLOAD`."""
        began, began_mono = self.world.clock.now(), time.monotonic()
        status, fault = None, None
        response: web.StreamResponse

        async def perform() -> web.Response:
            return self._file(path)

        try:
            if not self.right(token):
                raise ApiError(401, "Unauthorized")
            fault = self._strike(DOWNLOAD, None)
            response = await (suffer(fault, request, perform) if fault else perform())
            status = response.status
        except ApiError as error:
            response, status = _refusal(error), error.code
        except HangUpError:
            response = _hung_up(request)
        self._note(DOWNLOAD, None, status, fault, began, began_mono, {"file_path": path})
        return response

    def _file(self, path: str) -> web.Response:
        file = self.world.files.download(path, self.world.clock.now())
        if file is None:
            raise ApiError(404, "Not Found")
        return web.Response(body=file.data, content_type="application/octet-stream")


def _known(name: str) -> str:
    method = method_named(name)
    if method is None:
        if name.lower() in _OTHERS:
            raise ApiError(501, f"Not supported by this sandbox: {_OTHERS[name.lower()]}")
        raise ApiError(404, "Not Found")
    return method


def _answer(result: bytes) -> web.Response:
    return web.Response(body=b'{"ok":true,"result":' + result + b"}", content_type="application/json")


def _chat_of(given: Json) -> int | None:
    chat_id = given.get("chat_id")
    try:
        return int(chat_id) if chat_id is not None else None
    except (TypeError, ValueError):
        return None


def _refusal(error: ApiError) -> web.Response:
    return web.Response(body=dumps(error.body()), status=error.code, content_type="application/json")


def _hung_up(request: web.BaseRequest) -> web.Response:
    """Close the connection at once, as a network that fails does; writing to it is in vain."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=504)
