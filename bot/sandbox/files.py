"""Files that went through the sandbox, kept in memory under ids as opaque as Telegram's."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.sandbox.errors import Json, bad_request

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.sandbox.settings import Settings

DOWNLOAD_LIMIT: Final = 20 * 1024 * 1024
"""What getFile hands out at most, in bytes (core.telegram.org/bots/api#getfile)."""
UPLOAD_LIMIT: Final = 50 * 1024 * 1024
"""What a bot may send at most, in bytes (core.telegram.org/bots/api#sending-files)."""

_TDLIB_NAMES: Final = {
    "voice": "VoiceNote",
    "audio": "Audio",
    "document": "Document",
    "photo": "Photo",
    "sticker": "Sticker",
    "video_note": "VideoNote",
}
_FOLDERS: Final = {
    "voice": ("voice", ".oga"),
    "audio": ("music", ".mp3"),
    "document": ("documents", ""),
    "photo": ("photos", ".jpg"),
    "sticker": ("stickers", ".webp"),
    "video_note": ("video_notes", ".mp4"),
}
_PREFIXES: Final = {
    "voice": "AwACAgIAAxkB",
    "audio": "CQACAgIAAxkB",
    "document": "BQACAgIAAxkB",
    "photo": "AgACAgIAAxkB",
    "sticker": "CAACAgIAAxkB",
    "video_note": "DQACAgIAAxkB",
}


@dataclass(slots=True)
class StoredFile:
    """One file; `claimed_size` is what messages say (None: nothing), `link_until` Unix seconds."""

    file_id: str
    unique_id: str
    kind: str
    name: str
    mime: str
    data: bytes
    path: str
    claimed_size: int | None
    link_until: float = 0.0

    def size(self) -> int:
        """Return the size that counts for limits: the larger of the claim and the truth."""
        return max(len(self.data), self.claimed_size or 0)


class FileStore:
    """All files by id and by download path."""

    def __init__(self) -> None:
        self._by_id: dict[str, StoredFile] = {}
        self._by_path: dict[str, StoredFile] = {}
        self._count = 0

    def clear(self) -> None:
        """Forget every file."""
        self._by_id.clear()
        self._by_path.clear()

    def add(self, kind: str, name: str, mime: str, data: bytes, claimed_size: int | None) -> StoredFile:
        """Store `data` and return its record; `claimed_size` is what messages shall say of it."""
        self._count += 1
        folder, suffix = _FOLDERS[kind]
        if kind in {"audio", "document"} and "." in name:
            suffix = "." + "".join(c for c in name.rsplit(".", 1)[1] if c.isalnum())[:10]
        file = StoredFile(
            _PREFIXES[kind] + secrets.token_urlsafe(40),
            "AgAD" + secrets.token_urlsafe(9),
            kind,
            name,
            mime,
            data,
            f"{folder}/file_{self._count}{suffix}",
            claimed_size,
        )
        self._by_id[file.file_id] = file
        self._by_path[file.path] = file
        return file

    def all(self) -> Iterable[StoredFile]:
        """Every file, in the order in which they came."""
        return self._by_id.values()

    def put_back(self, file: StoredFile) -> None:
        """Keep a file that was kept before, under the ids and the path that it had."""
        self._count += 1
        self._by_id[file.file_id] = file
        self._by_path[file.path] = file

    def get(self, file_id: str) -> StoredFile | None:
        """Return the file with that id, if there is one."""
        return self._by_id.get(file_id)

    def to_send(self, file_id: str, kind: str) -> StoredFile:
        """Return a file to be sent again as `kind`; raises `ApiError` for unknown ids and other kinds."""
        if file_id.startswith(("http://", "https://")):
            raise bad_request("failed to get HTTP URL content")
        file = self._by_id.get(file_id)
        if file is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        if file.kind != kind:
            raise bad_request(f"can't use file of type {_TDLIB_NAMES[file.kind]} as {_TDLIB_NAMES[kind]}")
        return file

    def link(self, file_id: str, now: float, settings: Settings) -> Json:
        """Return Telegram's File object and open its download link; refuses files over 20 MB."""
        file = self._by_id.get(file_id)
        if file is None:
            raise bad_request("invalid file_id")
        if file.size() > DOWNLOAD_LIMIT:
            raise bad_request("file is too big")
        file.link_until = now + settings.link_lives
        return {
            "file_id": file.file_id,
            "file_unique_id": file.unique_id,
            "file_size": len(file.data),
            "file_path": file.path,
        }

    def download(self, path: str, now: float) -> StoredFile | None:
        """Return the file behind a link that getFile opened and that has not run out."""
        file = self._by_path.get(path)
        return file if file is not None and file.link_until > now else None
