"""The people side over HTTP, second half: looking, waiting, disturbing; and finding the handler."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from bot.sandbox import people, roles
from bot.sandbox.ask import Ask, as_integer, read_ask
from bot.sandbox.asking import menu_for
from bot.sandbox.errors import ApiError, ControlError, Json, NotDelivered
from bot.sandbox.updates import dumps

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.sandbox.botapi import BotApi
    from bot.sandbox.world import World

PREFIX: Final = "/sandbox"
LONGEST_WAIT: Final = 60.0


class Control:
    """Answers ``/sandbox/…``; `url` is where the sandbox itself can be reached."""

    def __init__(self, world: World, api: BotApi) -> None:
        self._world = world
        self._api = api
        self.url = ""
        self.routes: dict[str, Callable[[Ask], Awaitable[object]]] = {
            "GET ": self._info,
            "POST reset": self._reset,
            "GET settings": self._settings,
            "PATCH settings": self._settings,
            "GET clock": self._clock,
            "PATCH clock": self._clock,
            "GET chats/*/messages": self._messages,
            "GET chats/*/commands": self._commands,
            "GET events": self._events,
            "GET stream": self._stream,
            "GET requests": self._requests,
            "GET faults": self._faults,
            "POST faults": self._add_fault,
            "DELETE faults": self._clear_faults,
            "GET files/*": self._file,
            "GET updates": self._updates,
            "POST updates": self._inject,
            "POST updates/*/redeliver": self._redeliver,
            "POST batch": self._batch,
        }

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request of the people side."""
        try:
            _same_origin(request)
            parts = request.path[len(PREFIX) :].strip("/").split("/")
            ident = ""
            if len(parts) > 1:
                ident, parts[1] = parts[1], "*"
            key = f"{request.method} {'/'.join(parts)}"
            ask = await read_ask(request, ident)
            if (own := self.routes.get(key)) is not None:
                result = await own(ask)
            elif (role := roles.ROUTES.get(key)) is not None:
                result = await role(self._world, ask)
            else:
                raise ControlError(
                    404, f"no such endpoint: {request.method} {request.path}; see docs/sandbox.md"
                )
        except ControlError as error:
            body = dumps({"error": str(error)})
            return web.Response(body=body, status=error.status, content_type="application/json")
        except ApiError as error:
            body = dumps({"error": error.description})
            return web.Response(body=body, status=error.code, content_type="application/json")
        if isinstance(result, web.StreamResponse):
            return result
        return web.Response(body=dumps(result), content_type="application/json")

    async def _info(self, ask: Ask) -> Json:
        world = self._world
        return {
            "bot": world.bot_user(),
            "token": self._api.token,
            "url": self.url,
            "api_url": f"{self.url}/bot{self._api.token}",
            "file_url": f"{self.url}/file/bot{self._api.token}",
            "people": len(world.people),
            "chats": len(world.chats),
            "last_seq": world.feed.last,
            "pending_updates": len(world.updates.pending),
            "requests": self._api.calls,
            "flood_refusals": self._api.flood.refused,
            "webhook": self._api.webhook.info(),
        }

    async def _reset(self, ask: Ask) -> Json:
        self._world.reset()
        self._api.reset()
        return {"ok": True}

    async def _settings(self, ask: Ask) -> Json:
        if ask.request.method == "PATCH":
            self._world.settings.change(ask.given)
        return self._world.settings.as_json()

    async def _clock(self, ask: Ask) -> Json:
        clock = self._world.clock
        if ask.request.method == "PATCH":
            clock.offset = ask.number("offset", clock.offset) + ask.number("forward", 0.0)
            ask.finish()
        return {"offset": clock.offset, "now": clock.now()}

    async def _messages(self, ask: Ask) -> list[Json]:
        chat = self._world.chat(as_integer(ask.ident, "the chat's id"))
        after, limit = ask.integer("after", 0), ask.integer("limit", 0)
        ask.finish()
        records = [r.as_json() for number, r in sorted(chat.records.items()) if number > after]
        return records[-limit:] if limit else records

    async def _commands(self, ask: Ask) -> list[Json]:
        world = self._world
        chat = world.chat(as_integer(ask.ident, "the chat's id"))
        person = world.person(ask.integer("person", chat.id))
        language = ask.text("language_code", person.language_code or "")
        ask.finish()
        return menu_for(world, person.id, chat.id, language)

    def _wanted(self, ask: Ask) -> tuple[int, Json]:
        after = ask.integer("after", 0)
        chat_id, kinds = ask.integer("chat", None), ask.text("kinds", "")
        return after, {"chat_id": chat_id, "kinds": frozenset(kinds.split(",")) if kinds else frozenset()}

    async def _events(self, ask: Ask) -> Json:
        after, wanted = self._wanted(ask)
        timeout, limit = min(ask.number("timeout", 0), LONGEST_WAIT), ask.integer("limit", 1000)
        ask.finish()
        feed = self._world.feed
        if timeout > 0:
            found = await feed.wait(after, timeout=timeout, limit=limit, **wanted)
        else:
            found = feed.since(after, limit=limit, **wanted)
        # With a filter the reader may skip what did not match; without events it stays where the feed was.
        last = found[-1]["seq"] if len(found) == limit else feed.last
        return {"events": found, "last_seq": last}

    async def _stream(self, ask: Ask) -> web.StreamResponse:
        """Server-sent events; ``Last-Event-ID`` continues where a broken connection ended."""
        after, wanted = self._wanted(ask)
        ask.finish()
        after = as_integer(ask.request.headers.get("Last-Event-ID", after), "Last-Event-ID")
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(ask.request)
        feed = self._world.feed
        while True:
            seen = feed.last
            events = await feed.wait(after, timeout=15.0, **wanted)
            lines = [f"id: {e['seq']}\nevent: {e['kind']}\ndata: {json.dumps(e)}\n\n" for e in events]
            try:
                await response.write("".join(lines or [": still here\n\n"]).encode())
            except ConnectionResetError:  # the reader has gone
                return response
            after = events[-1]["seq"] if events else max(after, seen)

    async def _requests(self, ask: Ask) -> list[Json]:
        after, method = ask.integer("after", 0), ask.text("method", None)
        ask.finish()
        log = self._api.log
        return [e for e in log if e["seq"] > after and method in (None, e["method"])]

    async def _faults(self, ask: Ask) -> list[Json]:
        return self._api.faults.waiting()

    async def _add_fault(self, ask: Ask) -> Json:
        return {"id": self._api.faults.add(ask.given).id}

    async def _clear_faults(self, ask: Ask) -> Json:
        self._api.faults.clear()
        return {"ok": True}

    async def _file(self, ask: Ask) -> web.Response:
        file = self._world.files.get(ask.ident)
        if file is None:
            raise ControlError(404, f"no file {ask.ident}")
        return web.Response(body=file.data, content_type="application/octet-stream")

    async def _updates(self, ask: Ask) -> list[Any]:
        return [json.loads(update.body) for update in self._world.updates.pending.values()]

    async def _inject(self, ask: Ask) -> Json:
        settings = self._world.settings
        return {"update_id": self._world.updates.inject(ask.given, settings.update_lives)}

    async def _redeliver(self, ask: Ask) -> Json:
        update_id = as_integer(ask.ident, "the update's id")
        if not self._world.updates.redeliver(update_id):
            raise ControlError(404, f"no update {update_id} is remembered")
        return {"update_id": update_id}

    async def _batch(self, ask: Ask) -> list[Json]:
        """Many texts and presses in one request: HTTP would otherwise cost more than what it asks for."""
        actions = ask.given.get("actions")
        if not isinstance(actions, list):
            raise ControlError(400, 'send {"actions": [{"person": …, "text": …}, …]}')
        done = []
        for index, action in enumerate(actions):
            if index % 100 == 99:
                await asyncio.sleep(0)  # let the bot's requests through between
            try:
                if not isinstance(action, dict):
                    raise ControlError(400, f"action {index} is not an object")
                done.append(self._act(Ask(ask.request, "", action, {})))
            except NotDelivered as error:
                done.append({"error": str(error)})
        return done

    def _act(self, ask: Ask) -> Json:
        world = self._world
        person = world.person(ask.integer("person"))
        chat = world.chat(ask.integer("chat", person.id))
        if "data" in ask:
            press = people.press(world, person, chat, ask.integer("message_id"), ask.text("data"), {})[0]
            ask.finish()
            return {"press_id": press.id, "update_id": press.update_id}
        said = people.say(world, person, chat, ask.text("text"))
        ask.finish()
        return {"message_id": said["message"]["message_id"], "update_id": said["update_id"]}


def _same_origin(request: web.BaseRequest) -> None:
    """Keep other sites' pages, open in a browser on this machine, from driving the sandbox."""
    origin = request.headers.get("Origin")
    if origin is not None and origin.split("://")[-1] != request.host:
        raise ControlError(403, "requests from other web pages are not answered")
