"""An applicant's sample: how to send one, its arrival, and the two questions about it; and `/status`."""

from telegram import Audio, Document, Message, Voice

from bot.rules.roles import Role
from bot.services.joining import onboarding, steps
from bot.services.sampling import samples
from bot.services.sampling.samples import Upload
from handlers.context import Context
from handlers.switchboard import StaleButton, Switchboard


async def sample(context: Context) -> None:
    """How to send a sample, or what becomes of the one that was sent."""
    await onboarding.begin(context.unit, context.person)
    if await onboarding.ask_next(context.unit, context.person):
        return
    if await samples.latest_sample(context.unit, context.person) is None:
        await context.reply(await onboarding.guide(context.unit, context.person))
    else:
        await context.reply(await steps.status(context.unit, context.person))


async def status(context: Context) -> None:
    """Where the person stands, and what comes next."""
    await onboarding.begin(context.unit, context.person)
    await context.reply(await steps.status(context.unit, context.person))


async def arrived(context: Context, upload: Upload) -> None:
    """Any voice message, audio file or audio document is a sample."""
    await samples.receive(context.unit, context.person, upload)


async def answered(context: Context, sample_id: int, what: str, value: str) -> None:
    """Did the other voice agree; which language is it in?"""
    if what == "agreed" and value in ("yes", "no"):
        message = await samples.answer_agreed(context.unit, context.person, sample_id, agree=value == "yes")
    elif what == "lang":
        message = await samples.answer_language(context.unit, context.person, sample_id, value)
    else:
        raise StaleButton
    context.toast(context.say.say("Noted."))
    await context.show(message)


def upload_of(message: Message) -> Upload | None:
    """The audio in a message, if there is any."""
    media: Voice | Audio | Document | None = message.voice or message.audio or message.document
    if media is None or (message.document and not _is_audio(message.document)):
        return None
    kind = "voice" if message.voice else "audio" if message.audio else "document"
    seconds = getattr(media, "duration", None)
    return Upload(
        file_id=media.file_id,
        file_unique_id=media.file_unique_id,
        media=kind,
        claimed_seconds=int(getattr(seconds, "total_seconds", lambda: seconds)()) if seconds else None,
        claimed_bytes=media.file_size,
        forwarded=message.forward_origin is not None,
    )


_ENDINGS = (".ogg", ".oga", ".opus", ".mp3", ".m4a", ".mp4", ".wav", ".flac", ".webm", ".aac")


def _is_audio(document: Document) -> bool:
    """Whether a document claims to be audio, by type or by name; whether it is one, the checks find out."""
    claimed = (document.mime_type or "").lower()
    return claimed.startswith("audio/") or (document.file_name or "").lower().endswith(_ENDINGS)


def connect(board: Switchboard) -> None:
    """Register the sample's commands and questions."""
    board.command("sample", sample, Role.APPLICANT)
    board.command("status", status, Role.APPLICANT)
    board.press("sample", answered)
