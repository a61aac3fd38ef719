"""The playground's pages and what they ask for, on the loopback address only, for whoever has the key."""

import asyncio
import contextlib
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from aiohttp import BodyPartReader, web

from bot.demo.cast import Missed
from bot.demo.reviewing import DIALOGUES
from bot.playground.company import ROLES, Company, roles_of
from bot.playground.due import next_due
from bot.playground.stage import Stage
from bot.playground.storyteller import Storyteller
from bot.playground.voice import NoSound, Wave, as_voice_note, wave
from bot.sandbox import SandboxError
from bot.sandbox import people as acts
from bot.sandbox.errors import ControlError
from bot.sandbox.validate import Upload

PAGES: Final = Path(__file__).with_name("pages")
HOST: Final = "127.0.0.1"
LARGEST: Final = 50 * 1024 * 1024
"""Bytes of one request: what Telegram takes at most."""
HEARTBEAT: Final = 15.0
"""Seconds between two signs of life of a silent stream."""
BETWEEN: Final = 0.05
"""Seconds within which several changes are told as one."""
LOOK_EVERY: Final = 0.5
"""Seconds between two looks at what changes by itself: who has which role, and what is due next."""
LANGUAGES: Final = ("en", "zh")

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' blob:; media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self)",
}
TYPES: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class PlayError(Exception):
    """What was asked for cannot be done; the words are for who plays."""


class Playground:
    """Serves the pages of one stage.

    Every request needs the key, in the address once and in a cookie from then on, and must be meant for this
    address: pages of other sites can neither read nor do anything here, whatever name they give it.
    """

    def __init__(self, stage: Stage, company: Company, storyteller: Storyteller) -> None:
        self.key = secrets.token_urlsafe(24)
        self.port = 0
        self.stage = stage
        self.company = company
        self.storyteller = storyteller
        self._changed = asyncio.Event()
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where it is to be opened."""
        return f"http://{HOST}:{self.port}/?key={self.key}"

    async def start(self, port: int = 0) -> None:
        """Begin to listen; port 0 takes a free one. Raises OSError when it is taken."""
        application = web.Application(client_max_size=LARGEST, middlewares=[self._guard])
        application.add_routes(
            [
                web.get("/", self._page),
                web.get("/pages/{name}", self._file),
                web.get("/play/state", self._state),
                web.get("/play/changes", self._changes),
                web.get("/play/dialogues", self._dialogues),
                web.get("/play/wave/{file}", self._wave),
                web.post("/play/people", self._new_person),
                web.post("/play/group", self._new_group),
                web.post("/play/bot", self._bot),
                web.post("/play/clock", self._clock),
                web.post("/play/story", self._story),
                web.post("/play/voice", self._voice),
                web.post("/play/dialogue", self._dialogue),
                web.route("*", "/sandbox{rest:(/.*)?}", self._sandbox),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    # --- who may

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        here = (f"{HOST}:{self.port}", f"localhost:{self.port}")
        origin = request.headers.get("Origin")
        if request.host not in here or (origin is not None and origin.removeprefix("http://") not in here):
            raise web.HTTPForbidden(text="The playground answers to its own page only.\n")
        if request.path == "/" and "key" in request.query:
            return self._let_in(request)
        if not self._knows(request.cookies.get(self._cookie, "")):
            raise web.HTTPForbidden(text="Open the address that `duologue play` printed: it holds the key.\n")
        try:
            answer = await handler(request)
        except (PlayError, ControlError, SandboxError, Missed) as error:
            answer = web.json_response({"error": str(error)}, status=409)
        if not answer.prepared:  # a stream has sent its own
            answer.headers.update(HEADERS)
        return answer

    @property
    def _cookie(self) -> str:
        return f"duologue-play-{self.port}"  # cookies know no ports

    def _knows(self, key: str) -> bool:
        return hmac.compare_digest(key.encode(), self.key.encode())

    def _let_in(self, request: web.Request) -> web.StreamResponse:
        if not self._knows(request.query["key"]):
            raise web.HTTPForbidden(
                text="This key is of another playground; open the address printed last.\n"
            )
        answer = web.HTTPSeeOther("/")
        answer.set_cookie(self._cookie, self.key, httponly=True, samesite="Strict")
        answer.headers.update(HEADERS)
        raise answer

    # --- pages

    async def _page(self, request: web.Request) -> web.StreamResponse:
        return self._bytes_of("index.html")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        return self._bytes_of(request.match_info["name"])

    def _bytes_of(self, name: str) -> web.Response:
        path = PAGES / name
        if path.parent != PAGES or path.suffix not in TYPES or not path.is_file():
            raise web.HTTPNotFound(text="There is no such page.\n")
        body = path.read_bytes()
        return web.Response(body=body, content_type=TYPES[path.suffix], charset="utf-8")

    # --- what is going on

    def changed(self) -> None:
        """Tell the pages at once that something beside the chats has changed."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def _now(self) -> dict[str, Any]:
        stage, world, telling = self.stage, self.stage.sandbox.world, self.storyteller.telling
        due = next_due(stage.data / "duologue.db", stage.now)
        return {
            "bot": {"light": stage.light, **world.bot_user()},
            "clock": {
                "offset": world.clock.offset,
                "next": due and {"kind": due.kind, "at": due.due_at.timestamp(), "ahead": due.ahead},
            },
            "story": asdict(telling),
            "people": [{**p.as_json(), "roles": roles_of(world, p)} for p in world.people.values()],
            "groups": [
                {**chat.as_json(), "members": list(chat.members)}
                for chat in world.chats.values()
                if chat.person is None and chat.migrated_to is None
            ],
            "seq": world.feed.last,
        }

    async def _state(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self._now())

    async def _changes(self, request: web.Request) -> web.StreamResponse:
        """The state as server-sent events, whenever it is another one."""
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        loop, told, at = asyncio.get_running_loop(), "", 0.0
        with contextlib.suppress(ConnectionResetError):  # the page was closed
            while True:
                now = {**self._now(), "seq": None}
                if (words := json.dumps(now)) != told:
                    await response.write(f"data: {words}\n\n".encode())
                    told, at = words, loop.time()
                elif loop.time() - at > HEARTBEAT:
                    await response.write(b": still here\n\n")
                    at = loop.time()
                await self._something()
        return response

    async def _something(self) -> None:
        """Wait until something was told to have changed, or until it is time to look what the bot did by itself."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_EVERY):
                await self._changed.wait()
        await asyncio.sleep(BETWEEN)

    async def _sandbox(self, request: web.Request) -> web.StreamResponse:
        return await self.stage.sandbox.control.handle(request)

    # --- doing

    async def _asked(self, request: web.Request) -> dict[str, Any]:
        try:
            asked = await request.json()
        except ValueError:
            asked = None
        if not isinstance(asked, dict):
            raise PlayError("send a JSON object")
        return asked

    async def _new_person(self, request: web.Request) -> web.StreamResponse:
        asked = await self._asked(request)
        role, language, name = asked.get("role"), asked.get("language"), asked.get("name", "")
        if role not in ROLES or language not in LANGUAGES or not isinstance(name, str):
            raise PlayError(
                f"a newcomer is one of {', '.join(ROLES)}, and reads one of {', '.join(LANGUAGES)}"
            )
        if self.stage.light != "on" and role != "applicant":
            raise PlayError("Start the bot first: it has to lead them in.")
        actor = await self.company.joins(role, language, name.strip()[:60])
        return web.json_response({"id": actor.person.id})

    async def _new_group(self, request: web.Request) -> web.StreamResponse:
        title = (await self._asked(request)).get("title")
        if not isinstance(title, str) or not title.strip():
            raise PlayError("a group has a title")
        return web.json_response({"id": await self.company.group(title.strip()[:100])})

    async def _bot(self, request: web.Request) -> web.StreamResponse:
        wanted = (await self._asked(request)).get("wanted")
        if wanted not in ("kill", "start"):
            raise PlayError("the bot can be told to kill or start")
        await (self.stage.kill() if wanted == "kill" else self.stage.start_bot())
        return web.json_response({"light": self.stage.light})

    async def _clock(self, request: web.Request) -> web.StreamResponse:
        """`forward` so many seconds, or to the `next` thing that is due."""
        asked = await self._asked(request)
        if asked.get("next") is True:
            due = next_due(self.stage.data / "duologue.db", self.stage.now)
            if due is None:
                raise PlayError("Nothing is due.")
            self.stage.set_clock(due.due_at + timedelta(seconds=1))
        elif isinstance(asked.get("forward"), int) and 0 < asked["forward"] <= 366 * 86_400:
            self.stage.forward(timedelta(seconds=asked["forward"]))
        else:
            raise PlayError("time goes forward, by up to a year at once")
        return web.json_response({"offset": self.stage.sandbox.world.clock.offset})

    async def _story(self, request: web.Request) -> web.StreamResponse:
        asked = await self._asked(request)
        speed = asked.get("speed", 1)
        if not isinstance(speed, (int, float)) or not 0.25 <= speed <= 100:
            raise PlayError("the speed is between a quarter and a hundred times a reader's")
        match asked.get("wanted"):
            case "begin":
                await self.storyteller.begin(speed)
            case "stop":
                self.storyteller.stop()
            case "go on":
                self.storyteller.at(speed)
                self.storyteller.go_on()
            case "speed":
                self.storyteller.at(speed)
            case "end":
                await self.storyteller.end()
            case _:
                raise PlayError("the story can begin, stop, go on and end")
        return web.json_response({"state": self.storyteller.telling.state})

    # --- sound

    async def _voice(self, request: web.Request) -> web.StreamResponse:
        """What a microphone recorded, sent as Telegram's apps would."""
        person, chat, data = 0, 0, b""
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader):
                body = bytes(await part.read(decode=True))
                if part.name == "file":
                    data = body
                elif part.name in ("person", "chat") and body.lstrip(b"-").isdigit():
                    person, chat = (int(body), chat) if part.name == "person" else (person, int(body))
        try:
            note, seconds = await asyncio.to_thread(as_voice_note, data)
        except NoSound:
            raise PlayError("Nothing was recorded: is the microphone allowed and on?") from None
        return self._send_voice(person, chat or person, Upload("voice.ogg", note, "audio/ogg"), seconds)

    async def _dialogue(self, request: web.Request) -> web.StreamResponse:
        """One of the package's recordings."""
        asked = await self._asked(request)
        name, person, chat = asked.get("name"), asked.get("person"), asked.get("chat", asked.get("person"))
        if not isinstance(person, int) or not isinstance(chat, int):
            raise PlayError("say who sends it, and where, by their numbers")
        path = DIALOGUES / f"{name}.ogg"
        if path.parent != DIALOGUES or not path.is_file():
            raise PlayError("there is no such recording")
        data = path.read_bytes()
        upload = Upload("voice.ogg", data, "audio/ogg")
        return self._send_voice(person, chat, upload, seconds_of(data))

    def _send_voice(self, person_id: int, chat_id: int, upload: Upload, seconds: int) -> web.Response:
        world = self.stage.sandbox.world
        person, chat = world.person(person_id), world.chat(chat_id)
        sent = acts.send_file(world, person, chat, "voice", upload, {"duration": seconds})
        return web.json_response({"message_id": sent["message"]["message_id"]})

    async def _dialogues(self, request: web.Request) -> web.StreamResponse:
        found = sorted(DIALOGUES.glob("*.ogg"))
        told = [{"name": path.stem, "seconds": seconds_of(path.read_bytes())} for path in found]
        return web.json_response(told)

    async def _wave(self, request: web.Request) -> web.StreamResponse:
        file = self.stage.sandbox.world.files.get(request.match_info["file"])
        if file is None:
            raise web.HTTPNotFound(text="There is no such file.\n")
        try:
            shown = await asyncio.to_thread(wave, file.data)
        except NoSound:
            shown = Wave(0.0, ())
        return web.json_response({"seconds": shown.seconds, "heights": shown.heights})


def seconds_of(ogg: bytes) -> int:
    """The length of an OGG/Opus file, from the number of samples (48,000 a second) on its last page."""
    last = ogg.rfind(b"OggS")
    return round(int.from_bytes(ogg[last + 6 : last + 14], "little") / 48_000)
