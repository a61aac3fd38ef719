"""The one mouth: makes a screen of a message, sends or edits it, and says how that ended."""

import asyncio
import warnings
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import structlog
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeChat,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    LinkPreviewOptions,
)
from telegram import Message as TelegramMessage
from telegram.constants import ParseMode
from telegram.error import BadRequest, ChatMigrated, EndPointNotFound, Forbidden, InvalidToken, TelegramError
from telegram.error import RetryAfter as TelegramRetryAfter
from telegram.warnings import PTBUserWarning

from bot.services.ports import (
    AudioStore,
    Blocked,
    Moved,
    NotSent,
    OutageError,
    Outcome,
    Outgoing,
    RetryAfter,
    Sent,
    Uncertain,
)
from bot.texts import speech
from handlers.render import screen
from handlers.screen import Recording, Rows, Screen, plain
from handlers.telegram.answers import NeverSent

log = structlog.get_logger()

UNREACHABLE = ("chat not found", "user is deactivated", "peer_id_invalid", "bot was kicked")
NO_PICTURE = ("photo", "image", "media_forbidden")
"""Signs by which Telegram says that it is the picture that it does not take."""
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


PROBE = 5.0
"""Seconds that Telegram gets to answer whether it can be reached again."""


class TelegramSender:
    """Delivers messages through the Bot API.

    After trouble with the network, Telegram is asked by a call that does nothing whether it can be reached, before
    the next message is sent: so an outage puts in doubt what was in the air when it began, and nothing else.
    """

    def __init__(self, bot: Bot, store: AudioStore) -> None:
        # The library warns where it has a method of its own for a call; see `_call`.
        warnings.filterwarnings("ignore", message="Please use 'Bot", category=PTBUserWarning)
        self._bot = bot
        self._store = store
        self._trouble = False
        self._probe: asyncio.Future[Outcome | None] | None = None

    async def deliver(self, outgoing: Outgoing) -> Outcome:
        """Send or edit one message; every ending is an outcome."""
        made = screen(outgoing.message, speech(outgoing.language))
        if self._trouble and (outage := await self._outage()) is not None:
            return outage
        try:
            outcome = await self._attempt(outgoing, made)
        except TelegramError as error:
            outcome = _outcome(error)
        except OutageError as error:  # of the audio store
            outcome = NotSent(str(error))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            log.exception("send.answer_unreadable")
            outcome = Uncertain(f"an answer that cannot be read: {type(error).__name__}")
        match outcome:
            case Uncertain() | NotSent(again=True):
                self._trouble = True
        return outcome

    async def _outage(self) -> Outcome | None:
        """How every sending ends as long as Telegram does not answer; None when it does again."""
        if self._probe is None:  # one question for all who wait
            self._probe = asyncio.ensure_future(self._ask())
        return await asyncio.shield(self._probe)

    async def _ask(self) -> Outcome | None:
        try:
            await self._bot.get_me(read_timeout=PROBE)
        except TelegramRetryAfter as error:
            return RetryAfter(seconds_of(error))
        except TelegramError as error:
            return NotSent(f"not tried, because Telegram cannot be reached: {error}")
        finally:
            self._probe = None
        self._trouble = False
        return None

    async def _attempt(self, outgoing: Outgoing, made: Screen) -> Outcome:
        if made.commands is not None:
            return await self._set_commands(outgoing.chat_id, made.commands)
        if outgoing.edits is not None:
            return await self._edit(outgoing.chat_id, outgoing.edits, made)
        return Sent(await self._send(outgoing.chat_id, made))

    async def _set_commands(self, chat_id: int, commands: tuple[tuple[str, str], ...]) -> Outcome:
        menu = [BotCommand(name, description) for name, description in commands]
        try:
            await self._bot.set_my_commands(menu, scope=BotCommandScopeChat(chat_id))
        except TelegramError as error:
            if not _no_such_method(error):
                raise
            log.debug("menu.unknown_there", error=str(error))  # a convenience: everything is typed as well
        return Sent(None)

    async def _call(self, method: str, **parameters: Any) -> Any:
        """Make a call of the Bot API and give what it answers as it came.

        The library's own methods make objects of every answer, of which nothing but an id is ever used here: that
        would be two thirds of what a message costs.
        """
        kwargs = {**parameters, "parse_mode": ParseMode.HTML}
        try:
            return await self._bot.do_api_request(method, api_kwargs=kwargs)
        except EndPointNotFound as error:  # says the same as the library's own methods: what Telegram said
            raise error.__cause__ or error from None

    async def _send(self, chat_id: int, made: Screen) -> int:
        """Send a new message; gives its id."""
        markup = _markup(made.buttons)
        if made.recording is not None:
            return await self._send_recording(chat_id, made, made.recording)
        if made.picture is not None and (sent_id := await self._send_picture(chat_id, made, made.picture)):
            return sent_id
        if made.attachment is not None:
            file = InputFile(made.attachment.data, filename=made.attachment.name)
            send: Callable[..., Awaitable[TelegramMessage]] = (
                self._bot.send_photo if made.attachment.picture else self._bot.send_document
            )
            sent = await send(
                chat_id, file, caption=made.text or None, parse_mode=ParseMode.HTML, reply_markup=markup
            )
            return sent.message_id
        answer = await self._call(
            "sendMessage",
            chat_id=chat_id,
            text=made.text,
            reply_markup=markup,
            link_preview_options=NO_PREVIEW,
        )
        return int(answer["message_id"])

    async def _send_picture(self, chat_id: int, made: Screen, key: str) -> int | None:
        """Send a picture that is kept, if it still is and the chat takes pictures; else its words stand alone."""
        try:
            file = InputFile(await self._store.get(key), filename="sample.png")
            sent = await self._bot.send_photo(
                chat_id,
                file,
                caption=made.text or None,
                parse_mode=ParseMode.HTML,
                reply_markup=_markup(made.buttons),
            )
        except FileNotFoundError:
            log.info("send.picture_erased")
            return None
        except BadRequest as error:
            if not any(sign in str(error).lower() for sign in NO_PICTURE):
                raise
            log.warning("send.picture_refused", error=str(error))
            return None
        return sent.message_id

    async def _send_recording(self, chat_id: int, made: Screen, recording: Recording) -> int:
        """Pass a recording on by its id; who refuses voice messages gets it as an audio file instead."""
        options: dict[str, Any] = {
            "caption": made.text or None,
            "parse_mode": ParseMode.HTML,
            "reply_markup": _markup(made.buttons),
        }
        if not recording.file_id:
            return await self._send_own(chat_id, recording.audio_key or "", options)
        method, part = f"send{recording.media.capitalize()}", {recording.media: recording.file_id}
        try:
            answer = await self._call(
                method,
                chat_id=chat_id,
                caption=made.text or None,
                reply_markup=options["reply_markup"],
                **part,
            )
            return int(answer["message_id"])
        except TelegramError as error:
            if not _wants_bytes(error) or recording.audio_key is None:
                raise
        # A file id cannot change its type and is worth nothing to another bot, so the bytes are sent anew.
        data = await self._store.get(recording.audio_key)
        try:
            sent = await self._bot.send_audio(chat_id, InputFile(data, filename="sample.ogg"), **options)
        except (BadRequest, InvalidToken):
            sent = await self._bot.send_document(chat_id, InputFile(data, filename="sample.ogg"), **options)
        return sent.message_id

    async def _send_own(self, chat_id: int, key: str, options: dict[str, Any]) -> int:
        """Send a voice note that is kept here; who refuses voice messages gets it as an audio file instead.

        Raises `BadRequest` if it was erased meanwhile.
        """
        try:
            file = InputFile(await self._store.get(key), filename="voice.ogg")
        except FileNotFoundError:
            raise BadRequest("the recording was erased") from None
        try:
            sent = await self._bot.send_voice(chat_id, file, **options)
        except BadRequest as error:
            if not _wants_bytes(error):
                raise
            sent = await self._bot.send_audio(chat_id, file, **options)
        return sent.message_id

    async def _edit(self, chat_id: int, message_id: int, made: Screen) -> Outcome:
        place = {"chat_id": chat_id, "message_id": message_id, "reply_markup": _markup(made.buttons)}
        try:
            if made.recording or made.attachment or made.picture:
                await self._call("editMessageCaption", caption=made.text, **place)
            else:
                await self._call("editMessageText", text=made.text, link_preview_options=NO_PREVIEW, **place)
        except BadRequest as error:
            if "not modified" not in str(error).lower():
                raise
        return Sent(message_id)


def _markup(buttons: Rows) -> InlineKeyboardMarkup | None:
    if not buttons:
        return None
    return InlineKeyboardMarkup(
        [
            [
                InlineKeyboardButton(plain(b.label), callback_data=b.data or None, url=b.url or None)
                for b in row
            ]
            for row in buttons
        ]
    )


def _wants_bytes(error: TelegramError) -> bool:
    """Whether a recording did not go by its id, but can go as a file: voice refused, or the id unknown."""
    signs = ("voice_messages_forbidden", "wrong file identifier", "wrong remote file")
    return _no_such_method(error) or (
        isinstance(error, BadRequest) and any(sign in str(error).lower() for sign in signs)
    )


def _no_such_method(error: TelegramError) -> bool:
    """Whether the server lacks the method, as small Bot API servers do; the library blames the token for it."""
    return isinstance(error, InvalidToken) and "not found" in str(error).lower()


def seconds_of(error: TelegramRetryAfter) -> float:
    """How long Telegram wants silence: a number or, if python-telegram-bot is told so, a timedelta."""
    wanted = error.retry_after
    return wanted.total_seconds() if isinstance(wanted, timedelta) else float(wanted)


def _outcome(error: TelegramError) -> Outcome:
    """How a failed call ended: by what python-telegram-bot made of Telegram's answer."""
    words = str(error)
    match error:
        case TelegramRetryAfter():
            return RetryAfter(seconds_of(error))
        case ChatMigrated():
            return Moved(error.new_chat_id)
        case Forbidden():
            return Blocked(words)
        case BadRequest():
            if any(sign in words.lower() for sign in UNREACHABLE):
                return Blocked(words)
            log.error("send.refused", error=words)
            return NotSent(words, again=False)
        case InvalidToken() if _no_such_method(error):
            log.error("send.refused", error=words)
            return NotSent(words, again=False)
        case InvalidToken():
            return NotSent("Telegram refused the token or the method")
        case NeverSent():
            return NotSent(words)
        case _:
            return Uncertain(words)
