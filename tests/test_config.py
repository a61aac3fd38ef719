"""The environment: what is read, what is refused, and that no secret shows."""

import base64
import traceback
from pathlib import Path

import pytest

from bot.config import Config, ConfigError, Listen, load
from bot.config.environment import Settings
from bot.rules.policy import Policy, ReviewPolicy

AUDIO_KEY, OLD_AUDIO_KEY = (base64.b64encode(key).decode() for key in (bytes(32), bytes(range(32))))
TOKEN = "12345:AAH-very_secret"
SANDBOX = "http://localhost:8081"


def loaded(folder: Path, **environ: str) -> Config:
    """The configuration of an environment whose names are given without their prefix."""
    return load({f"DUOLOGUE_{name}": value for name, value in environ.items()}, folder)


def problems(folder: Path, **environ: str) -> tuple[str, ...]:
    """What is said of a wrong environment."""
    with pytest.raises(ConfigError) as caught:
        loaded(folder, **environ)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


def test_an_empty_environment_in_an_empty_folder_just_works(tmp_path: Path) -> None:
    """Every default, and nothing written."""
    config = load({"PATH": "/bin"}, tmp_path)
    assert config == Config(settings=config.settings, policy=Policy(), policy_path=None)
    assert config.settings.model_dump() == {
        "folder": tmp_path,
        "api_url": "https://api.telegram.org",
        "token": None,
        "data": tmp_path / "data",
        "database_url": f"sqlite+aiosqlite:///{tmp_path}/data/duologue.db",
        "policy": None,
        "owners": (),
        "webhook_url": None,
        "webhook_secret": None,
        "listen": None,
        "public_url": None,
        "audio_url": None,
        "audio_key": None,
        "clock": None,
        "fault": None,
    }
    assert list(tmp_path.iterdir()) == []


def test_every_variable_is_read(tmp_path: Path) -> None:
    """All of them at once."""
    (tmp_path / "other.toml").write_text("review.panel = 3")
    config = loaded(
        tmp_path,
        API_URL="http://localhost:8081/",
        TOKEN=TOKEN,
        DATA="/var/lib/duologue",
        DATABASE_URL="postgresql://me:pw@db/duologue",
        POLICY="other.toml",
        OWNERS="1, 22",
        WEBHOOK_URL="https://bot.example.org/telegram/",
        WEBHOOK_SECRET="s-e_cret",
        LISTEN="127.0.0.1:8080",
        PUBLIC_URL="https://pages.example.org/bot/",
        AUDIO_URL="s3://recordings/duologue",
        AUDIO_KEY=f"{AUDIO_KEY}, {OLD_AUDIO_KEY}",
        CLOCK="clock",
        FAULT="before send; after inbox.accept:3",
    )
    settings = config.settings
    assert settings.bot_token() == TOKEN
    assert (settings.audio_place, settings.audio_keys) == (
        "s3://recordings/duologue",
        (bytes(32), bytes(range(32))),
    )
    assert {AUDIO_KEY, OLD_AUDIO_KEY} < set(settings.secret_words)
    assert settings.webhook_secret is not None
    assert settings.webhook_secret.get_secret_value() == "s-e_cret"
    assert settings.model_dump(exclude={"token", "webhook_secret", "audio_key"}) == {
        "folder": tmp_path,
        "api_url": "http://localhost:8081",
        "data": Path("/var/lib/duologue"),
        "database_url": "postgresql+asyncpg://me:pw@db/duologue",
        "policy": tmp_path / "other.toml",
        "owners": (1, 22),
        "webhook_url": "https://bot.example.org/telegram",
        "listen": Listen("127.0.0.1", 8080),
        "public_url": "https://pages.example.org/bot",
        "audio_url": "s3://recordings/duologue",
        "clock": tmp_path / "clock",
        "fault": ("before send:1", "after inbox.accept:3"),
    }
    assert config.policy == Policy(review=ReviewPolicy(panel=3))
    assert config.policy_path == tmp_path / "other.toml"


@pytest.mark.parametrize(
    "url", ["bucket", "http://bucket/x", "s3://", "s3://a@b/c", "s3://b?x=1", "file:///x"]
)
def test_an_audio_url_that_is_none(tmp_path: Path, url: str) -> None:
    """A store that can be written to, without a password in its name."""
    (found,) = problems(tmp_path, AUDIO_URL=url)
    assert found.startswith("DUOLOGUE_AUDIO_URL: expected a store like s3://bucket/folder")


@pytest.mark.parametrize("key", ["x", AUDIO_KEY[:-4], f"{AUDIO_KEY},", f"{AUDIO_KEY} {AUDIO_KEY}", "=" * 44])
def test_an_audio_key_that_is_none(tmp_path: Path, key: str) -> None:
    """Of the right length and nothing else; it is not repeated."""
    (found,) = problems(tmp_path, AUDIO_KEY=key)
    assert (
        found
        == "DUOLOGUE_AUDIO_KEY: expected 32 random bytes in Base64, as `openssl rand -base64 32` prints them"
    )


def test_without_a_url_audio_is_in_the_data_folder(tmp_path: Path) -> None:
    """As it is."""
    settings = loaded(tmp_path).settings
    assert (settings.audio_place, settings.audio_keys) == (tmp_path / "data" / "audio", ())


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, ""),
        ({"LISTEN": ":80"}, ""),
        ({"WEBHOOK_URL": "https://bot.example.org:8443/in/telegram"}, ""),
        (
            {"LISTEN": ":80", "WEBHOOK_URL": "https://bot.example.org:8443/in/telegram"},
            "https://bot.example.org:8443",
        ),
        ({"LISTEN": ":80", "PUBLIC_URL": "https://pages.example.org"}, "https://pages.example.org"),
        (
            {
                "LISTEN": ":80",
                "WEBHOOK_URL": "https://bot.example.org/t",
                "PUBLIC_URL": "http://bot.local:81/x",
            },
            "http://bot.local:81/x",
        ),
    ],
)
def test_where_people_reach_the_pages(tmp_path: Path, given: dict[str, str], url: str) -> None:
    """As set, else where Telegram does; nowhere without an address to listen on."""
    assert loaded(tmp_path, **given).settings.pages_url == url


@pytest.mark.parametrize(
    "url", ["bot.example.org", "ftp://bot.example.org", "https://a:b@bot.example.org", "https://"]
)
def test_a_public_url_that_is_none(tmp_path: Path, url: str) -> None:
    """What is no plain URL is refused, and one without anything behind it too."""
    (found,) = problems(tmp_path, LISTEN=":80", PUBLIC_URL=url)
    assert found.startswith("DUOLOGUE_PUBLIC_URL: expected the URL")
    (found,) = problems(tmp_path, PUBLIC_URL="https://bot.example.org")
    assert found.startswith("DUOLOGUE_PUBLIC_URL: expected DUOLOGUE_LISTEN")


def test_the_process_environment_is_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is handed over is all there is, unless nothing is."""
    monkeypatch.setenv("DUOLOGUE_OWNERS", "7")
    monkeypatch.chdir(tmp_path)
    assert load({}, tmp_path).settings.owners == ()
    assert load().settings.owners == (7,)
    assert load().settings.folder == tmp_path


def test_empty_variables_count_as_unset(tmp_path: Path) -> None:
    """Compose files hand over variables that nobody set."""
    assert loaded(tmp_path, TOKEN="", OWNERS="", POLICY="", CLOCK="", DATA="", FAULT="") == load({}, tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DATABASE_URL", "sqlite:///bot.db", "sqlite+aiosqlite:///{folder}/bot.db"),
        (
            "DATABASE_URL",
            "sqlite+aiosqlite:///bot.db?timeout=9",
            "sqlite+aiosqlite:///{folder}/bot.db?timeout=9",
        ),
        ("DATABASE_URL", "sqlite:////srv/bot.db", "sqlite+aiosqlite:////srv/bot.db"),
        ("DATABASE_URL", "postgres://h/d", "postgresql+asyncpg://h/d"),
        ("DATABASE_URL", "postgresql+asyncpg:///d?host=/run", "postgresql+asyncpg:///d?host=/run"),
        ("OWNERS", "5，5,6", (5, 6)),
        ("LISTEN", ":80", Listen("0.0.0.0", 80)),
        ("LISTEN", "[::1]:80", Listen("::1", 80)),
        ("LISTEN", "bot.local:0", Listen("bot.local", 0)),
        ("LISTEN", "localhost:65535", Listen("localhost", 65535)),
        ("API_URL", "https://api.telegram.org/", "https://api.telegram.org"),
        ("API_URL", "https://bots.example.org/api/", "https://bots.example.org/api"),
    ],
)
def test_values_are_read_as_operators_write_them(
    tmp_path: Path, name: str, value: str, expected: object
) -> None:
    """Plain database URLs, slashes at the end, Chinese commas."""
    if isinstance(expected, str):
        expected = expected.format(folder=tmp_path)
    assert getattr(loaded(tmp_path, **{name: value}).settings, name.lower()) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_URL", "api.telegram.org"),
        ("API_URL", "ftp://example.org"),
        ("API_URL", "http://api.telegram.org"),
        ("API_URL", "https://me:pw@example.org"),
        ("API_URL", "https://example.org:port"),
        ("API_URL", "https://example.org:0"),
        ("API_URL", "https://example.org/?x=1"),
        ("API_URL", "http://[::1"),
        ("TOKEN", "no colon"),
        ("TOKEN", "12345"),
        ("DATABASE_URL", "mysql://h/d"),
        ("DATABASE_URL", "bot.db"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "sqlite://bot.db"),
        ("OWNERS", "me"),
        ("OWNERS", "1;2"),
        ("OWNERS", "-1"),
        ("OWNERS", "0"),
        ("WEBHOOK_URL", "http://bot.example.org"),
        ("WEBHOOK_URL", "bot.example.org"),
        ("WEBHOOK_SECRET", "with space"),
        ("WEBHOOK_SECRET", "x" * 257),
        ("LISTEN", "8080"),
        ("LISTEN", "host:65536"),
        ("LISTEN", "host:"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(tmp_path: Path, name: str, value: str) -> None:
    """One line, the variable's name first."""
    (problem,) = problems(tmp_path, **{name: value})
    assert problem.startswith(f"DUOLOGUE_{name}: expected ")
    assert "something else" not in problem


@pytest.mark.parametrize(
    "name",
    [
        "API_URL",
        "TOKEN",
        "DATABASE_URL",
        "OWNERS",
        "WEBHOOK_URL",
        "WEBHOOK_SECRET",
        "LISTEN",
        "CLOCK",
        "FAULT",
        "TOKNE",
    ],
)
def test_no_value_is_shown_since_it_may_be_a_secret(tmp_path: Path, name: str) -> None:
    """People paste a token into the wrong variable; logs are read by many."""
    assert "hunter2" not in problems(tmp_path, **{name: "hunter2 :/@?"})[0]


def test_all_mistakes_are_told_together(tmp_path: Path) -> None:
    """Typos with the nearest right name, and wrong values."""
    found = problems(tmp_path, TOKN=TOKEN, ONWERS="1", OWNERS="me", LISTEN="x", WEBHOOK="y")
    assert [line.partition(":")[0] for line in found] == [
        f"DUOLOGUE_{name}" for name in ("TOKN", "ONWERS", "WEBHOOK", "OWNERS", "LISTEN")
    ]
    assert found[0] == "DUOLOGUE_TOKN: unknown; did you mean DUOLOGUE_TOKEN?"
    assert found[1] == "DUOLOGUE_ONWERS: unknown; did you mean DUOLOGUE_OWNERS?"


def test_a_name_like_none_is_answered_with_all_names(tmp_path: Path) -> None:
    """Among them everything there is, but not the folder, which is not the operator's to set."""
    (problem,) = problems(tmp_path, FOLDER="/")
    names = problem.partition("expected one of ")[2].split(", ")
    expected = {f"DUOLOGUE_{name.upper()}" for name in Settings.model_fields} - {"DUOLOGUE_FOLDER"}
    assert set(names) == expected | {
        "DUOLOGUE_TOKEN_FILE",
        "DUOLOGUE_WEBHOOK_SECRET_FILE",
        "DUOLOGUE_AUDIO_KEY_FILE",
        "DUOLOGUE_DATABASE_URL_FILE",
    }


@pytest.mark.parametrize(
    "url",
    [
        None,
        "https://api.telegram.org/",
        "https://API.Telegram.ORG",
        "https://api.telegram.org.:443",
        "https://x.telegram.org",
    ],
)
def test_a_moved_clock_is_refused_against_telegram(tmp_path: Path, url: str | None) -> None:
    """Real people would be reminded at wrong times; however its address is written."""
    environ = {"CLOCK": "clock"} if url is None else {"CLOCK": "clock", "API_URL": url}
    (problem,) = problems(tmp_path, **environ)
    assert problem.startswith("DUOLOGUE_CLOCK: expected no moved clock")
    assert loaded(tmp_path, CLOCK="clock", API_URL=SANDBOX).settings.clock == tmp_path / "clock"


@pytest.mark.parametrize("url", [None, "https://api.telegram.org/", "https://x.telegram.org"])
def test_planned_deaths_are_refused_against_telegram(tmp_path: Path, url: str | None) -> None:
    """Even to write down which points are passed is for tests alone."""
    environ = {"FAULT": "record"} if url is None else {"FAULT": "record", "API_URL": url}
    (problem,) = problems(tmp_path, **environ)
    assert problem.startswith("DUOLOGUE_FAULT: expected no planned deaths")


@pytest.mark.parametrize(
    ("text", "moments"),
    [
        ("record", ()),
        (" before  send ", ("before send:1",)),
        ("forget outbox.turn:12;after work.check : 2;", ("forget outbox.turn:12", "after work.check:2")),
        ("inbox.accept", None),
        ("during send", None),
        ("before send:0", None),
        ("before send:x", None),
        ("before Send", None),
    ],
)
def test_planned_deaths(tmp_path: Path, text: str, moments: tuple[str, ...] | None) -> None:
    """A moment, and which time; a misspelt one would never come, so it stops the start."""
    if moments is None:
        (problem,) = problems(tmp_path, FAULT=text, API_URL=SANDBOX)
        assert problem.startswith("DUOLOGUE_FAULT: expected “record”, or moments like")
    else:
        assert loaded(tmp_path, FAULT=text, API_URL=SANDBOX).settings.fault == moments


@pytest.mark.parametrize(
    ("url", "telegram"),
    [("https://api.telegram.org", True), (SANDBOX, False), ("https://api.telegram.org.evil.com", False)],
)
def test_telegram_is_known_by_its_host(tmp_path: Path, url: str, telegram: bool) -> None:
    """A host that only begins like Telegram's is somebody else."""
    assert loaded(tmp_path, API_URL=url).settings.is_telegram is telegram


def test_a_sandbox_takes_tokens_of_any_form(tmp_path: Path) -> None:
    """Only Telegram's own have a form to check."""
    assert loaded(tmp_path, API_URL=SANDBOX, TOKEN="test").settings.bot_token() == "test"
    (problem,) = problems(tmp_path, API_URL=SANDBOX, TOKEN="a/b")
    assert problem.startswith("DUOLOGUE_TOKEN: expected a token")


def test_secrets_come_from_files_too(tmp_path: Path) -> None:
    """With the line end that editors leave, relative to the folder."""
    (tmp_path / "token").write_text(TOKEN + "\n")
    (tmp_path / "secret").write_text("hush\r\n")
    settings = loaded(tmp_path, TOKEN_FILE="token", WEBHOOK_SECRET_FILE=str(tmp_path / "secret")).settings
    assert settings.bot_token() == TOKEN
    assert settings.webhook_secret is not None
    assert settings.webhook_secret.get_secret_value() == "hush"


def test_a_secret_file_that_is_no_use_is_named(tmp_path: Path) -> None:
    """Missing, empty, not text, or one too many."""
    (tmp_path / "empty").write_text(" \n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    said = {name: problems(tmp_path, TOKEN_FILE=name) for name in ("none", "empty", "binary")}
    assert said == {
        "none": ("DUOLOGUE_TOKEN_FILE: expected a readable file at none (No such file or directory)",),
        "empty": ("DUOLOGUE_TOKEN_FILE: expected the secret in empty, which is empty",),
        "binary": ("DUOLOGUE_TOKEN_FILE: expected a readable file at binary (not UTF-8)",),
    }
    assert problems(tmp_path, TOKEN=TOKEN, TOKEN_FILE="empty") == (
        "DUOLOGUE_TOKEN_FILE: expected only one of DUOLOGUE_TOKEN and DUOLOGUE_TOKEN_FILE",
    )


def test_a_missing_token_is_asked_for_only_when_it_is_needed(tmp_path: Path) -> None:
    """Demo and doctor do without."""
    with pytest.raises(ConfigError, match=r"DUOLOGUE_TOKEN: expected .*DUOLOGUE_TOKEN_FILE"):
        load({}, tmp_path).settings.bot_token()


def test_secrets_do_not_print(tmp_path: Path) -> None:
    """Neither in a repr nor, when wrong, anywhere in the error's traceback."""
    config = loaded(
        tmp_path,
        TOKEN=TOKEN,
        WEBHOOK_SECRET="hush",
        DATABASE_URL="postgresql://me:swordfish@db/duologue",
    )
    shown = f"{config!r} {config.settings!s} {config.settings!r}"
    assert not [secret for secret in (TOKEN, "hush", "swordfish") if secret in shown]
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, TOKEN="swordfish wrong", WEBHOOK_SECRET="hush hush", OWNERS="x")
    told = "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None
    assert "swordfish" not in str(caught.value)
    assert "hush" not in str(caught.value)
    assert told.rstrip().endswith(str(caught.value))


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    """What was checked stays as it was."""
    with pytest.raises(ValueError, match="frozen"):
        load({}, tmp_path).settings.owners = (1,)


def test_the_policy_file_of_the_folder_is_read_when_it_is_there(tmp_path: Path) -> None:
    """Without a word in the environment."""
    path = tmp_path / "duologue.toml"
    path.write_bytes(b"\xef\xbb\xbf[review]\r\npanel = 1\r\n")
    config = load({}, tmp_path)
    assert config.policy == Policy(review=ReviewPolicy(panel=1))
    assert config.policy_path == path


def test_a_policy_file_named_but_missing_is_an_error(tmp_path: Path) -> None:
    """Silently running with defaults would pay the wrong wages."""
    assert problems(tmp_path, POLICY="mine.toml") == (
        f"DUOLOGUE_POLICY: expected the path of a policy file, {tmp_path}/mine.toml does not exist",
    )


@pytest.mark.parametrize(("content", "reason"), [(None, "Is a directory"), (b"x = \xff", "UTF-8")])
def test_a_policy_file_that_cannot_be_read_is_an_error(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    """A folder in its place, or another encoding."""
    path = tmp_path / "duologue.toml"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    (problem,) = problems(tmp_path)
    assert problem.startswith(f"{path}: expected")
    assert reason in problem
