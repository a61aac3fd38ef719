"""The environment: variables that begin with DUOLOGUE_, and secrets from files."""

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bot.config.faults import read_fault
from bot.config.problems import ConfigError, ExpectedError, hint

PREFIX = "DUOLOGUE_"
TELEGRAM = "https://api.telegram.org"
SECRETS = ("token", "webhook_secret", "audio_key", "database_url")
"""Settings that can also stand in a file, named by the variable with _FILE behind it."""

_TOKEN = re.compile(r"[^\s/?#]+")
_TELEGRAM_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")
_AUDIO_URL = re.compile(r"(?:s3|s3a|gs|az|abfs|abfss)://[^\s/?#@]+(?:/[^\s?#]*)?")
_WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_LISTEN = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:/\[\]]*)):(?P<port>[0-9]{1,5})")
_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}


class Listen(NamedTuple):
    """Where the web side listens."""

    host: str
    port: int


class Settings(BaseSettings):
    """The environment, checked.

    Paths are absolute (relative ones start at `folder`), URLs have no slash at the end, the database's URL
    names an asynchronous driver. Secrets, and the database's URL with its password, do not print.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        validate_default=True,
    )

    # Validators see the fields above their own, so the order matters.
    folder: Path
    api_url: str = TELEGRAM
    token: SecretStr | None = None
    data: Path = Path("data")
    database_url: str = Field(default="", repr=False)
    policy: Path | None = None
    owners: Annotated[tuple[int, ...], NoDecode] = ()
    webhook_url: str | None = None
    webhook_secret: SecretStr | None = None
    listen: Annotated[Listen | None, NoDecode] = None
    public_url: str | None = None
    audio_url: str | None = None
    audio_key: SecretStr | None = None
    clock: Path | None = None
    fault: Annotated[tuple[str, ...] | None, NoDecode] = None

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is handed over: `read_environment` says where values come from."""
        return (init_settings,)

    @property
    def is_telegram(self) -> bool:
        """Whether this is Telegram's own API, rather than a sandbox or a server nearby."""
        return _is_telegram(self.api_url)

    def bot_token(self) -> str:
        """The token in plain text, for the transport alone. Raises `ConfigError` when there is none."""
        if self.token is None:
            raise ConfigError(
                f"{PREFIX}TOKEN: expected the bot's token from @BotFather, here or in the file "
                f"that {PREFIX}TOKEN_FILE names"
            )
        return self.token.get_secret_value()

    @property
    def pages_url(self) -> str:
        """Under which URL people reach the web side: as set, else the webhook's host; empty if they do not."""
        if self.listen is None:
            return ""
        if self.public_url is not None or self.webhook_url is None:
            return self.public_url or ""
        return "{0.scheme}://{0.netloc}".format(urlsplit(self.webhook_url))

    @property
    def audio_place(self) -> Path | str:
        """Where recordings are kept: a folder in the data folder, or what a URL names."""
        return self.audio_url or self.data / "audio"

    @property
    def audio_keys(self) -> tuple[bytes, ...]:
        """What they are encrypted with: the first seals, each opens; none leaves them as they are."""
        return read_audio_keys(self.audio_key.get_secret_value()) if self.audio_key else ()

    @property
    def secret_words(self) -> tuple[str, ...]:
        """What must never be written anywhere."""
        given = (self.token, self.webhook_secret, self.audio_key)
        each = self.audio_key.get_secret_value().split(",") if self.audio_key else []
        return (*(secret.get_secret_value() for secret in given if secret), *(key.strip() for key in each))

    @field_validator("data", "policy", "clock", mode="after")
    @classmethod
    def _absolute(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        return None if path is None else Path(info.data["folder"], path.expanduser())

    @field_validator("api_url")
    @classmethod
    def _check_api_url(cls, url: str) -> str:
        parts = _split(url)
        if not parts.hostname or (parts.scheme != "https" and (parts.scheme != "http" or _is_telegram(url))):
            raise ExpectedError(f"a URL like {TELEGRAM} or http://localhost:8081")
        return url.rstrip("/")

    @field_validator("token")
    @classmethod
    def _check_token(cls, token: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        pattern = _TELEGRAM_TOKEN if _is_telegram(info.data.get("api_url", TELEGRAM)) else _TOKEN
        if token is not None and not pattern.fullmatch(token.get_secret_value()):
            raise ExpectedError("a token as @BotFather gives it, digits:letters")
        return token

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, url: str, info: ValidationInfo) -> str:
        if not url:
            return f"sqlite+aiosqlite:///{info.data.get('data', Path()).as_posix()}/duologue.db"
        return read_database_url(url, info.data["folder"])

    @field_validator("owners", mode="before")
    @classmethod
    def _read_owners(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        ids = [part.strip() for part in value.replace("，", ",").split(",") if part.strip()]
        if not all(part.isascii() and part.isdecimal() and 0 < int(part) < 2**52 for part in ids):
            raise ExpectedError("the numeric Telegram ids of the owners, as in 12345,67890")
        return tuple(dict.fromkeys(int(part) for part in ids))

    @field_validator("webhook_url")
    @classmethod
    def _check_webhook_url(cls, url: str | None, info: ValidationInfo) -> str | None:
        if url is None:
            return None
        parts = _split(url)
        nearby = not _is_telegram(info.data.get("api_url", TELEGRAM))
        if not parts.hostname or not (parts.scheme == "https" or (nearby and parts.scheme == "http")):
            raise ExpectedError("a public URL like https://bot.example.org/telegram")
        return url.rstrip("/")

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, url: str | None, info: ValidationInfo) -> str | None:
        if url is None:
            return None
        parts = _split(url)
        if not parts.hostname or parts.scheme not in ("https", "http"):
            raise ExpectedError("the URL under which the web side is reached, as in https://bot.example.org")
        if info.data.get("listen") is None:
            raise ExpectedError(f"{PREFIX}LISTEN beside it, the address that the web side listens on")
        return url.rstrip("/")

    @field_validator("audio_url")
    @classmethod
    def _check_audio_url(cls, url: str | None) -> str | None:
        if url is not None and not _AUDIO_URL.fullmatch(url):
            raise ExpectedError(
                "a store like s3://bucket/folder; leave it empty to keep audio in the data folder"
            )
        return url

    @field_validator("audio_key")
    @classmethod
    def _check_audio_key(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            read_audio_keys(secret.get_secret_value())
        return secret

    @field_validator("webhook_secret")
    @classmethod
    def _check_webhook_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not _WEBHOOK_SECRET.fullmatch(secret.get_secret_value()):
            raise ExpectedError("1 to 256 characters of A-Z, a-z, 0-9, _ and -")
        return secret

    @field_validator("listen", mode="before")
    @classmethod
    def _read_listen(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        found = _LISTEN.fullmatch(value.strip())
        if found is None or int(found["port"]) > 65535:
            raise ExpectedError("host:port, as in 127.0.0.1:8080")
        return Listen(found["v6"] or found["host"] or "0.0.0.0", int(found["port"]))  # noqa: S104 - ":8080" means all

    @field_validator("clock")
    @classmethod
    def _check_clock(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is not None and _is_telegram(info.data.get("api_url", TELEGRAM)):
            raise ExpectedError(
                f"no moved clock against Telegram's own API ({PREFIX}API_URL); real people wait there"
            )
        return path

    @field_validator("fault", mode="before")
    @classmethod
    def _read_fault(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None and _is_telegram(info.data.get("api_url", TELEGRAM)):
            raise ExpectedError(
                f"no planned deaths against Telegram's own API ({PREFIX}API_URL); real people wait there"
            )
        try:
            return read_fault(value) if isinstance(value, str) else value
        except ValueError:
            raise ExpectedError(
                "“record”, or moments like “before send; after inbox.accept:3; forget outbox.turn:2”"
            ) from None


def read_audio_keys(text: str) -> tuple[bytes, ...]:
    """Keys of 32 bytes each, given in Base64 with commas between them; raises `ExpectedError`."""
    try:
        keys = tuple(base64.b64decode(part.strip(), validate=True) for part in text.split(","))
    except ValueError:
        keys = ()
    if not keys or any(len(key) != 32 for key in keys):
        raise ExpectedError("32 random bytes in Base64, as `openssl rand -base64 32` prints them")
    return keys


def read_database_url(url: str, folder: Path) -> str:
    """A database's URL with its asynchronous driver; a file's relative path starts at `folder`.

    Raises `ExpectedError`.
    """
    scheme, _, rest = url.partition("://")
    driver = _DRIVERS.get(scheme, scheme)
    if driver not in _DRIVERS.values() or rest in ("", "/", "/:memory:"):
        raise ExpectedError("sqlite:///path/of/a/file.db or postgresql://user:password@host/database")
    if not driver.startswith("sqlite"):
        return f"{driver}://{rest}"
    if not rest.startswith("/"):
        raise ExpectedError("three slashes before the path of the file, as in sqlite:///duologue.db")
    path, mark, query = rest[1:].partition("?")
    return f"{driver}:///{Path(folder, path).as_posix()}{mark}{query}"


def read_environment(environ: Mapping[str, str], folder: Path) -> Settings:
    """The settings of this environment; relative paths start at `folder`. Empty variables count as unset.

    Raises `ConfigError` with every variable that is unknown or wrong, never with the value of one.
    """
    source = EnvSettingsSource(Settings)
    given = {name: value for name, value in environ.items() if name.upper().startswith(PREFIX) and value}
    problems = [f"{name}: unknown; {_nearest(name)}" for name in given if name.upper() not in _known()]
    source.env_vars = {name.lower(): value for name, value in given.items()}
    values: dict[str, Any] = {**source(), "folder": folder}
    for secret in SECRETS:
        _add_from_file(secret, {name.upper(): value for name, value in given.items()}, values, problems)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        problems += [
            f"{PREFIX}{str(one['loc'][0]).upper()}: expected {_reason(one)}" for one in error.errors()
        ]
    if problems:
        raise ConfigError(*problems)
    return settings


def _known() -> list[str]:
    names = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields if name != "folder"]
    return names + [f"{PREFIX}{name.upper()}_FILE" for name in SECRETS]


def _nearest(name: str) -> str:
    # Every variable shares the prefix, which would make any two look alike.
    return hint(name[len(PREFIX) :], [known.removeprefix(PREFIX) for known in _known()], PREFIX)


def _add_from_file(
    secret: str, given: Mapping[str, str], values: dict[str, Any], problems: list[str]
) -> None:
    """Take a secret from the file that its _FILE variable names."""
    plain = f"{PREFIX}{secret.upper()}"
    named = given.get(f"{plain}_FILE")
    if named is None:
        return
    if plain in given:
        problems.append(f"{plain}_FILE: expected only one of {plain} and {plain}_FILE")
        return
    try:
        text = Path(values["folder"], Path(named).expanduser()).read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        problems.append(f"{plain}_FILE: expected a readable file at {named} ({reason})")
        return
    if text:
        values[secret] = text
    else:
        problems.append(f"{plain}_FILE: expected the secret in {named}, which is empty")


def _reason(error: Any) -> str:
    """What pydantic found, as the end of "expected …"; our own reasons come through as they are."""
    cause = error.get("ctx", {}).get("error")
    return str(cause) if isinstance(cause, ExpectedError) else f"something else ({error['msg']})"


def _split(url: str) -> SplitResult:
    """The parts of a plain URL: no password, no query. Any other gives no parts."""
    try:
        parts = urlsplit(url)
        plain = parts.port is None or parts.port > 0
    except ValueError:
        return urlsplit("")
    plain = plain and not (parts.query or parts.fragment or parts.username or re.search(r"\s", url))
    return parts if plain else urlsplit("")


def _is_telegram(url: str) -> bool:
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    return host == "telegram.org" or host.endswith(".telegram.org")
