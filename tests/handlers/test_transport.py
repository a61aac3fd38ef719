"""The transport: what certainly did not happen is told apart from what may have, and no error knows the token."""

import asyncio
import logging
import socket
import traceback
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog
from aiohttp import web
from telegram import Bot, InputFile
from telegram.error import NetworkError, TelegramError, TimedOut

from bot import logs
from bot.sandbox import Person, Sandbox, SandboxClient
from handlers.telegram import transport
from handlers.telegram.transport import AiohttpRequest, AnswerLost, AnswerTooLarge, NeverSent


@pytest.fixture
async def request_() -> AsyncIterator[AiohttpRequest]:
    """A transport with one connection and little patience."""
    request = AiohttpRequest(connections=1, connect_timeout=0.2, read_timeout=0.3, pool_timeout=0.1)
    await request.initialize()
    yield request
    await request.shutdown()


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def calls(client: SandboxClient, method: str = "sendMessage") -> int:
    """How many calls arrived."""
    return len(await client.requests(method))


async def test_a_call_and_its_answer(bot: Bot, ann: Person) -> None:
    """Status and body come back; the library makes its objects of them."""
    message = await bot.send_message(ann.id, "Hello <&>")
    assert (message.chat.id, message.text) == (ann.id, "Hello <&>")
    assert (await ann.hears("Hello")).text == "Hello <&>"


async def test_bytes_go_out_and_come_back(bot: Bot, ann: Person) -> None:
    """Uploads are sent as they are, downloads too."""
    data = bytes(range(256)) * 8192
    sent = await bot.send_document(ann.id, InputFile(data, filename="a.bin"), caption="<b>x</b>")
    assert sent.document is not None
    assert (sent.document.file_name, sent.document.file_size) == ("a.bin", len(data))
    file = await bot.get_file(sent.document.file_id)
    assert bytes(await file.download_as_bytearray()) == data


# --- never sent


async def test_nobody_listens(request_: AiohttpRequest) -> None:
    """A refused connection: nothing left."""
    with pytest.raises(NeverSent):
        await request_.do_request(f"http://127.0.0.1:{closed_port()}/bot1:x/getMe", "POST")


async def test_a_transport_that_is_not_open(sandbox: Sandbox) -> None:
    """Before it is opened, and after it was closed, nothing leaves; it can be opened again."""
    request, url = AiohttpRequest(), f"{sandbox.url}/bot{sandbox.token}/getMe"
    with pytest.raises(NeverSent):
        await request.do_request(url, "POST")
    await request.initialize()
    assert (await request.do_request(url, "POST"))[0] == 200
    await request.shutdown()
    await request.shutdown()
    with pytest.raises(NeverSent):
        await request.do_request(url, "POST")
    await request.initialize()
    assert (await request.do_request(url, "POST"))[0] == 200
    await request.shutdown()


async def test_no_connection_is_free(
    request_: AiohttpRequest, sandbox: Sandbox, client: SandboxClient
) -> None:
    """Whoever waited in vain for a place in the pool has sent nothing."""
    url = f"{sandbox.url}/bot{sandbox.token}/getMe"
    await client.fault("delay", "getMe", seconds=1.0)
    slow = asyncio.create_task(request_.do_request(url, "POST", read_timeout=3.0))
    await asyncio.sleep(0.1)
    with pytest.raises(NeverSent):
        await request_.do_request(url, "POST")
    assert (await slow)[0] == 200
    assert await calls(client, "getMe") == 1


async def test_a_url_that_is_none(request_: AiohttpRequest) -> None:
    """Nothing can leave for nowhere."""
    with pytest.raises(NeverSent):
        await request_.do_request("http://[oops/bot1:secret/getMe", "POST")


# --- the answer is lost


@pytest.mark.parametrize(("fault", "arrived"), [("drop_after", 1), ("drop_before", 0)])
async def test_the_connection_breaks(
    bot: Bot, client: SandboxClient, ann: Person, fault: str, arrived: int
) -> None:
    """From here both look alike: the message may have arrived or not. It is asked for once."""
    await client.fault(fault, "sendMessage")
    with pytest.raises(AnswerLost):
        await bot.send_message(ann.id, "Hello")
    assert await calls(client) == 1
    assert len(await ann.history()) == arrived


async def test_the_answer_takes_too_long(bot: Bot, client: SandboxClient, ann: Person) -> None:
    """After the read timeout nobody waits any more, though it happened."""
    await client.fault("delay", "sendMessage", seconds=1.0)
    with pytest.raises(AnswerLost):
        await bot.send_message(ann.id, "Hello")
    await ann.hears("Hello")


async def test_a_call_may_have_its_own_patience(bot: Bot, client: SandboxClient, ann: Person) -> None:
    """A long poll waits longer than other calls."""
    await client.fault("delay", "sendMessage", seconds=0.8)
    assert (await bot.send_message(ann.id, "Hello", read_timeout=5)).text == "Hello"


async def test_answers_that_are_none(bot: Bot, client: SandboxClient, ann: Person) -> None:
    """A gateway's page and a cut-off answer are errors of the network, not of the call."""
    await client.fault("error", "sendMessage", status=502)
    with pytest.raises(NetworkError) as gateway:
        await bot.send_message(ann.id, "Hello")
    assert not isinstance(gateway.value, NeverSent)
    await client.fault("malformed", "sendMessage")
    with pytest.raises(TelegramError, match="Invalid server response"):
        await bot.send_message(ann.id, "Hello")


async def test_the_two_kinds_stay_apart() -> None:
    """No handler of one catches the other by accident."""
    assert not issubclass(NeverSent, TimedOut)
    assert not issubclass(AnswerLost, NeverSent)
    assert issubclass(AnswerLost, NetworkError)


# --- bounds


async def test_an_answer_without_end(request_: AiohttpRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is larger than anything that Telegram gives is not read to its end."""
    monkeypatch.setattr(transport, "DOWNLOAD_LIMIT", 1_000_000)
    sent = 0

    async def flood(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1000):
            await response.write(b"x" * 100_000)
            sent += 100_000
        return response

    async with _Server(flood) as url:
        with pytest.raises(AnswerTooLarge):
            await request_.do_request(f"{url}/file", "GET")
    assert sent < 20_000_000


async def test_redirects_are_not_followed(request_: AiohttpRequest) -> None:
    """Nobody is led to another host with the token in the path."""

    async def elsewhere(_request: web.Request) -> web.Response:
        raise web.HTTPFound("http://127.0.0.1:9/steal")

    async with _Server(elsewhere) as url:
        assert (await request_.do_request(f"{url}/bot1:x/getMe", "POST"))[0] == 302


class _Server:
    """A server that answers everything in one way."""

    def __init__(self, answer: Any) -> None:
        self._app = web.Application()
        self._app.router.add_route("*", "/{tail:.*}", answer)

    async def __aenter__(self) -> str:
        self._runner = web.AppRunner(self._app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()


# --- the token


async def every_error(sandbox: Sandbox, client: SandboxClient, bot: Bot, ann: Person) -> list[Exception]:
    """One of each error that a call can end in."""
    errors: list[Exception] = []
    for fault in ("drop_after", "drop_before", "error", "malformed", "retry_after"):
        await client.fault(fault, "sendMessage")
        try:
            await bot.send_message(ann.id, "Hello")
        except TelegramError as error:
            errors.append(error)
    nowhere = f"http://127.0.0.1:{closed_port()}"
    for base in (nowhere, "http://[oops", "http://host.invalid"):
        request = AiohttpRequest(connect_timeout=1.0)
        await request.initialize()
        for method in ("GET", "POST"):
            try:
                await request.do_request(f"{base}/bot{sandbox.token}/sendMessage", method)
            except TelegramError as error:
                errors.append(error)
        await request.shutdown()
    assert len(errors) == 11
    return errors


async def test_no_error_knows_the_token(
    sandbox: Sandbox, client: SandboxClient, bot: Bot, ann: Person
) -> None:
    """Neither its words nor its traceback."""
    secret = sandbox.token.partition(":")[2]
    for error in await every_error(sandbox, client, bot, ann):
        assert secret not in f"{error} {error!r}"
        assert secret not in "".join(traceback.format_exception(error))


async def test_no_log_knows_the_token(
    sandbox: Sandbox,
    client: SandboxClient,
    bot: Bot,
    ann: Person,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not even where every library tells everything."""
    secret = sandbox.token.partition(":")[2]
    caplog.set_level(logging.DEBUG)
    for error in await every_error(sandbox, client, bot, ann):
        logging.getLogger("any").error("failed", exc_info=error)
    assert len(caplog.records) > 11
    assert secret not in caplog.text


def test_our_logs_blacken_what_looks_like_a_token(capsys: pytest.CaptureFixture[str]) -> None:
    """The last net: whatever somebody logs by mistake, in words, in fields, or in an error."""
    token = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
    root, level = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        logs.set_up("DEBUG")
        log = structlog.get_logger()
        try:
            raise RuntimeError(f"https://api.telegram.org/bot{token}/getMe")
        except RuntimeError:
            log.exception("failed", url=f"/bot{token}/x")
            logging.getLogger("library").exception("failed at %s", f"/bot{token}/y")
    finally:
        structlog.reset_defaults()
        logging.basicConfig(level=level, handlers=root, force=True)
    written = capsys.readouterr().err
    assert written.count("<token>") >= 4
    assert token.partition(":")[2] not in written
