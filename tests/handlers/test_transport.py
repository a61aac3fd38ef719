"""The transport: what certainly did not happen is told apart from what may have, and no error knows the token."""

import asyncio
import logging
import socket
import time
import traceback
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog
from aiohttp import web
from telegram import Bot, CallbackQuery, InputFile
from telegram.error import BadRequest, NetworkError, TelegramError

from bot import logs
from bot.sandbox import Person, Sandbox, SandboxClient
from handlers.telegram import transport
from handlers.telegram.answers import AnswerLost, NeverSent
from handlers.telegram.transport import AiohttpRequest, AnswerTooLarge


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


@pytest.mark.parametrize(
    ("fault", "status", "error", "arrived"),
    [
        ("error", 502, AnswerLost, 0),
        ("error_after", 502, AnswerLost, 1),
        ("error", 200, AnswerLost, 0),
        ("error_after", 200, AnswerLost, 1),
        ("error", 403, NeverSent, 0),
        ("malformed", 200, AnswerLost, 1),
        ("half", 200, AnswerLost, 1),
        ("hang_before", 200, AnswerLost, 0),
        ("hang_after", 200, AnswerLost, 1),
    ],
)
async def test_answers_that_are_none(
    bot: Bot,
    client: SandboxClient,
    ann: Person,
    fault: str,
    status: int,
    error: type[Exception],
    arrived: int,
) -> None:
    """A gateway's page, half an answer, none: errors of the network, honest about what may have happened."""
    await client.fault(fault, "sendMessage", status=status, seconds=60)
    with pytest.raises(NetworkError) as caught:
        await bot.send_message(ann.id, "Hello")
    assert type(caught.value) is error
    assert len(await ann.history()) == arrived


async def test_an_answer_that_trickles(bot: Bot, client: SandboxClient, ann: Person) -> None:
    """Each piece comes in time, the whole does not: nobody waits for its end."""
    await client.fault("trickle", "sendMessage", seconds=8)
    with pytest.raises(AnswerLost):
        await bot.send_message(ann.id, "Hello")
    assert await ann.reads() == ["Hello"]


async def test_a_large_answer_may_take_its_time(
    request_: AiohttpRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as it comes faster than the slowest that is allowed, it is waited for beyond the patience."""
    monkeypatch.setattr(transport, "SLOWEST", 1_000)

    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(8):
            await response.write(b"x" * 5_000)
            await asyncio.sleep(0.08)
        return response

    async with _Server(slow) as url:
        began = time.monotonic()
        assert await request_.do_request(f"{url}/file", "GET") == (200, b"x" * 40_000)
        assert time.monotonic() - began > 0.3  # what it may wait for an answer


async def test_a_connection_that_closed_meanwhile(bot: Bot, client: SandboxClient, ann: Person) -> None:
    """The server closed a connection that it had promised to keep: the next call makes a new one."""
    for number in range(5):
        await client.fault("close", "sendMessage")
        await bot.send_message(ann.id, f"{number}")
        await client.info()  # the end of the connection arrives in the meantime
    assert await ann.reads() == ["0", "1", "2", "3", "4"]


# --- what may be done twice


async def pressed(bot: Bot, ann: Person) -> CallbackQuery:
    """A press that waits for its answer."""
    row = [[{"text": "Go", "callback_data": "go"}]]
    await bot.send_message(ann.id, "x", reply_markup={"inline_keyboard": row})
    await ann.client.post(f"people/{ann.id}/press", message_id=1, data="go")
    [update] = await bot.get_updates(timeout=5, read_timeout=10)
    assert update.callback_query is not None
    return update.callback_query


@pytest.mark.parametrize("fault", ["drop_before", "error"])
async def test_harmless_calls_are_repeated(bot: Bot, client: SandboxClient, ann: Person, fault: str) -> None:
    """An answer to a press is worth nothing a moment later: a connection that breaks costs it a moment."""
    query = await pressed(bot, ann)
    await client.fault(fault, "answerCallbackQuery", times=2)
    await query.answer("Done")
    assert await calls(client, "answerCallbackQuery") == 3
    assert [event["text"] for event in await client.events(kinds="answer")] == ["Done"]


@pytest.mark.parametrize("fault", ["drop_after", "error_after", "malformed", "half"])
async def test_harmless_calls_that_had_happened(
    bot: Bot, client: SandboxClient, ann: Person, fault: str
) -> None:
    """The second time Telegram says that the press has been answered, and so it has."""
    query = await pressed(bot, ann)
    await client.fault(fault, "answerCallbackQuery")
    with pytest.raises(BadRequest, match=r"(?i)query is too old"):
        await query.answer("Done")
    assert [event["text"] for event in await client.events(kinds="answer")] == ["Done"]


async def test_not_for_ever(bot: Bot, client: SandboxClient) -> None:
    """The third failure is told."""
    await client.fault("drop_before", "setMyCommands", times=3)
    with pytest.raises(AnswerLost):
        await bot.set_my_commands([("start", "Begin")])
    assert await calls(client, "setMyCommands") == 3


async def test_who_waited_long_is_not_kept_waiting(
    bot: Bot, client: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that hung is not repeated: its caller has waited enough."""
    monkeypatch.setattr(transport, "QUICKLY", 0.2)
    await client.fault("hang_after", "setMyCommands", seconds=60)
    with pytest.raises(AnswerLost):
        await bot.set_my_commands([("start", "Begin")])
    async with asyncio.timeout(5):
        while not await calls(client, "setMyCommands"):  # noqa: ASYNC110 - a call is noted when it ends
            await asyncio.sleep(0.01)
    assert await calls(client, "setMyCommands") == 1


async def test_a_download_that_breaks_is_made_again(bot: Bot, client: SandboxClient, ann: Person) -> None:
    """Half a file and a gateway's page are no file; the third time it comes."""
    sent = await bot.send_document(ann.id, InputFile(b"x" * 5000, filename="a.bin"))
    assert sent.document is not None
    file = await bot.get_file(sent.document.file_id)
    for fault in ("half", "error"):
        await client.fault(fault, "download", status=404)
    assert bytes(await file.download_as_bytearray()) == b"x" * 5000
    assert [entry["status"] for entry in await client.requests("download")] == [200, 404, 200]


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
        for method in ("POST", "GET"):
            with pytest.raises(NeverSent, match="302"):
                await request_.do_request(f"{url}/bot1:x/getMe", method)


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
