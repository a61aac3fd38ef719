"""The pages: Telegram's updates, calendars to subscribe to, health, readiness and metrics."""

import hashlib
import hmac
import ipaddress
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.web.guard import Guard, Limits

log = structlog.get_logger()

SECRET_HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - its name
METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Keep = Callable[[dict[str, Any]], Awaitable[None]]
"""Keep an update; when it returns, the update is committed."""


@dataclass(frozen=True, slots=True)
class Hook:
    """Where Telegram delivers, and what it proves itself with."""

    url: str
    secret: str
    keep: Keep

    @property
    def path(self) -> str:
        """The path of the URL: the server in front passes it on as it is."""
        return urlsplit(self.url).path or "/"


@dataclass(frozen=True, slots=True)
class Doors:
    """What the pages ask of the bot.

    `ailing` names the parts that ended though they should run, `unready` what keeps it from doing its work now, in
    words; both are empty when all is well. `metrics` is Prometheus' text. `calendar` gives the iCalendar file behind a
    secret, or None if there is none (any more).
    """

    ailing: Callable[[], list[str]]
    unready: Callable[[], Awaitable[list[str]]]
    metrics: Callable[[], Awaitable[str]]
    hook: Hook | None = None
    calendar: Callable[[str], Awaitable[bytes | None]] | None = None


def site(doors: Doors, limits: Limits | None = None) -> ASGIApp:
    """The application, guarded."""
    pages = _Pages(doors)
    routes = [
        Route("/healthz", pages.health),
        Route("/readyz", pages.readiness),
        Route("/metrics", pages.metrics),
    ]
    if doors.calendar is not None:
        routes.append(Route("/calendar/{secret}.ics", pages.calendar))
    if doors.hook is not None:
        routes.insert(0, Route(doors.hook.path, pages.update, methods=["POST"]))
    return Guard(Starlette(routes=routes), limits or Limits(), pages.is_telegram)


class _Pages:
    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def is_telegram(self, path: str, headers: Mapping[str, str]) -> bool:
        """Whether a request comes with the secret that only Telegram was told; compared in constant time."""
        hook = self._doors.hook
        given = headers.get(SECRET_HEADER.lower(), "")
        return (
            hook is not None
            and path == hook.path
            and hmac.compare_digest(given.encode("utf-8", "replace"), hook.secret.encode())
        )

    async def update(self, request: Request) -> Response:
        """Keep an update, then say so: what was not kept comes again."""
        hook = self._doors.hook
        if hook is None or not self.is_telegram(request.url.path, request.headers):
            log.warning("hook.refused", reason="the secret is missing or wrong")
            return PlainTextResponse("no\n", 403)
        try:
            raw = json.loads(await request.body())
        except (ValueError, RecursionError):
            raw = None
        except ClientDisconnect:  # it comes again
            return PlainTextResponse("not all of it came\n", 400)
        if not isinstance(raw, dict) or type(raw.get("update_id")) is not int:
            # A refusal would bring it back for a day, and nothing else of this chat before it.
            log.error("hook.no_update", body=len(await request.body()))
            return PlainTextResponse("this is no update\n")
        try:
            await hook.keep(raw)
        except Exception:
            log.exception("hook.not_kept", update=raw["update_id"])
            return PlainTextResponse("try again\n", 503, {"Retry-After": "1"})
        return PlainTextResponse("kept\n")

    async def health(self, _request: Request) -> Response:
        """200 while every part runs; a supervisor starts the program anew otherwise."""
        ailing = self._doors.ailing()
        return JSONResponse({"ailing": ailing}, 503 if ailing else 200)

    async def readiness(self, _request: Request) -> Response:
        """200 while updates can be kept; a balancer sends them elsewhere otherwise."""
        unready = [*self._doors.ailing(), *await self._doors.unready()]
        return JSONResponse({"unready": unready}, 503 if unready else 200)

    async def calendar(self, request: Request) -> Response:
        """A calendar, to whoever knows its secret; as nothing was ever there, to whoever does not."""
        read = self._doors.calendar
        try:
            file = await read(request.path_params["secret"]) if read is not None else None
        except Exception:
            log.exception("calendar.not_read")
            return PlainTextResponse("try again\n", 503, {"Retry-After": "60"})
        if file is None:
            return PlainTextResponse("Not Found", 404)
        tag = f'"{hashlib.sha256(file).hexdigest()[:32]}"'
        headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
        known = [
            one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")
        ]
        if tag in known:
            return Response(status_code=304, headers=headers)
        headers["Content-Disposition"] = 'inline; filename="duologue.ics"'
        return Response(file, headers=headers, media_type="text/calendar; charset=utf-8")

    async def metrics(self, request: Request) -> Response:
        """Prometheus' text, for machines nearby alone: it tells how much business there is."""
        if not _is_near(request):
            return PlainTextResponse("Not Found", 404)
        return Response(await self._doors.metrics(), media_type=METRICS_TYPE)


def _is_near(request: Request) -> bool:
    """Whether somebody asks directly from a private network: whatever a server in front passes on is not."""
    if request.client is None or "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_private
    except ValueError:
        return False
