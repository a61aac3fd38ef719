"""Every message and every error, rendered in every language and read as Telegram and people would read it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import pytest

from bot.audio import worker  # noqa: F401 - its errors belong to the tree
from bot.rules.audio import SEVERITIES, Code, Finding, Severity, Unreadable
from bot.rules.errors import DomainError
from bot.rules.oneline import CommandError
from bot.sandbox.entities import utf16_length
from bot.sandbox.errors import Json
from bot.sandbox.html import parse_html
from bot.services.messages import KINDS, dump, load
from bot.services.messages.people import AskLanguage
from bot.texts import Html, Speech
from bot.texts.speech import PSEUDO
from handlers import board, switchboard
from handlers.render import findings, review_findings, screen
from handlers.render.calendars import feed
from handlers.render.pictures import captions
from handlers.render.problems import WORDS
from handlers.screen import Button, Screen, plain
from tests.handlers.examples import DATA, named, samples
from tests.handlers.examples.calendars import CALENDARS
from tests.handlers.examples.pictures import PICTURES
from tests.texts.catalogue import in_the_code

LANGUAGES = ("en", "zh", PSEUDO)
SIGN = "□"
"""Stands for what is in no language."""


@dataclass(frozen=True)
class Shown:
    """One example as it is shown in a language: what Telegram makes of its text, and its buttons."""

    name: str
    screen: Screen
    text: str
    entities: list[Json]

    @property
    def buttons(self) -> list[Button]:
        """All buttons, row by row."""
        return [button for row in self.screen.buttons for button in row]

    @property
    def visible(self) -> list[str]:
        """Everything that can be read: the text without its <code>, buttons, the list behind the menu."""
        menu = [words for _, words in self.screen.commands or ()]
        return [self._without_code(), *(plain(button.label) for button in self.buttons), *menu]

    def _without_code(self) -> str:
        units = self.text.encode("utf-16-le")
        for code in reversed([e for e in self.entities if e["type"] == "code"]):
            start, end = 2 * code["offset"], 2 * (code["offset"] + code["length"])
            units = units[:start] + SIGN.encode("utf-16-le") + units[end:]
        return units.decode("utf-16-le")


@cache
def shown(language: str) -> tuple[Shown, ...]:
    """Every example in a language, by way of the database's JSON as in life."""
    found = []
    for name, example in named():
        made = screen(load(example.kind, dump(example)), Speech(language))
        found.append(Shown(name, made, *parse_html(made.text)))
    return tuple(found)


def errors(root: type[DomainError]) -> Iterator[type[DomainError]]:
    """Every class below."""
    for kind in root.__subclasses__():
        yield kind
        yield from errors(kind)


# --- nothing is forgotten


def test_every_kind_of_message_has_an_example() -> None:
    """A new kind comes with an example here, and so with every check below."""
    ours = {name for name, kind in KINDS.items() if kind.__module__.startswith("bot.")}  # tests make some too
    assert ours - {example.kind for _, example in named()} == set()


def test_every_error_that_people_can_meet_has_words_and_an_example() -> None:
    """All of the tree but its inner nodes, and what the checks turn into findings."""
    told = {kind.__name__ for kind in errors(DomainError)} - {CommandError.__name__, Unreadable.__name__}
    assert told - set(WORDS) == set()
    assert set(WORDS) - told == set()
    assert told - {str(getattr(example, "error", "")) for _, example in named()} == set()


class Listening(Speech):
    """Speech that remembers which messages it was asked to say."""

    def __init__(self, language: str) -> None:
        super().__init__(language)
        self.said: set[str | tuple[str, ...]] = set()

    def say(self, message: str, /, **values: object) -> Html:
        """Remember and say."""
        self.said.add(message)
        return super().say(message, **values)

    def say_n(self, one: str, many: str, n: int, /, **values: object) -> Html:
        """Remember and say."""
        self.said.add((one, many))
        return super().say_n(one, many, n, **values)


def test_every_sentence_is_in_the_catalogue_and_in_an_example() -> None:
    """A sentence that the catalogue lacks stays English; one without an example is checked by nobody."""
    listening = Listening("en")
    for _, example in named():
        screen(example, listening)
    for picture in PICTURES:
        captions(*picture, listening)
    for contents in CALENDARS:
        feed(contents, "duologue_bot", listening)
    assert listening.said - in_the_code() == set()
    assert in_the_code("handlers/render") - listening.said == set()


# --- what Telegram demands


@pytest.mark.parametrize("language", LANGUAGES)
def test_telegram_takes_every_screen(language: str) -> None:
    """Texts up to 4096 UTF-16 units, captions up to 1024, a text or something else to send, labels."""
    bad = []
    for one in shown(language):
        captioned = one.screen.recording or one.screen.attachment or one.screen.picture
        length = utf16_length(one.text)
        if length > (1024 if captioned else 4096):
            bad.append((one.name, length))
        if not (one.text or captioned or one.screen.commands):
            bad.append((one.name, "nothing to show"))
        bad += [
            (one.name, b) for b in one.buttons if not plain(b.label).strip() or bool(b.data) == bool(b.url)
        ]
        bad += [(one.name, w) for _, w in one.screen.commands or () if not 1 <= len(w) <= 256]
    assert bad == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_press_is_understood(language: str) -> None:
    """At most 64 bytes, a verb that the switchboard knows, and parts that its action takes."""
    presses, bad = board.make().presses, []
    for one in shown(language):
        for button in one.buttons:
            verb, *parts = button.data.split(":")
            try:
                fits = button.url or switchboard.fit(presses[verb].action, parts) is not None
            except (KeyError, switchboard.StaleButton):
                fits = False
            if not fits or len(button.data.encode()) > 64:
                bad.append((one.name, button.data))
    assert bad == []


def test_a_toast_has_room_for_every_error() -> None:
    """On a press an error becomes the press's answer, at most 200 characters."""
    long = [
        (one.name, len(one.text))
        for language in ("en", "zh")
        for one in shown(language)
        if one.name.startswith("Problem") and len(one.text) > 200 and not _is_line(one.name)
    ]
    assert long == []


def _is_line(name: str) -> bool:
    """Errors of one-line commands, and of samples, never answer a press."""
    lines = {kind.__name__ for kind in errors(CommandError)}
    return name.split()[1] in lines | {"Forwarded", "FileTooLarge", "SampleUnderWay", "UnknownCity"}


# --- what people read


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_people_typed_is_shown_as_they_typed_it(language: str) -> None:
    """Escaped once: neither markup nor visible entities."""
    bad = [
        (one.name, text)
        for one in shown(language)
        for text in one.visible
        if re.search(r"&\w+;|</\w+>", text)
    ]
    assert bad == []


ALLOWED = re.compile(
    r"/[a-z]+( (reviewer|staff|coordinator|here|private|delivery)\b)?"  # commands and their fixed words
    r"|(?<![A-Za-z])(Duologue|Telegram|English|iPhone|Outlook|LUFS|MB|ogg|mp3|m4a|wav|flac|beijing)(?![A-Za-z])|ℹ"
    r"|Asia/Shanghai|Europe/Berlin|Dazhongsi studio|Beijing / 北京|2h30m|中文"
)
"""What is alike in every language."""


def _without_data(text: str) -> str:
    for data in sorted(DATA, key=len, reverse=True):
        text = text.replace(data, SIGN)
    return text


def _in_every_language_at_once(one: Shown) -> bool:
    return one.name.startswith(AskLanguage.kind)


def test_in_chinese_nothing_stays_english() -> None:
    """No Latin word but names, what was typed, codes and commands."""
    bad = [
        (one.name, word)
        for one in shown("zh")
        if not _in_every_language_at_once(one)
        for text in one.visible
        for word in re.findall(r"[A-Za-z]{2,}", ALLOWED.sub(" ", _without_data(text)))
    ]
    assert bad == []


def test_in_chinese_commands_stay_links() -> None:
    """Telegram links a command only if no letter, Chinese ones included, touches it."""
    bad = [
        (one.name, found)
        for one in shown("zh")
        for text in one.visible
        for found in re.findall(r"\w/[a-z]{3,}\b|/[a-z]{3,}(?=[^\W\d_a-z])", _without_data(text))
        if not found.endswith(("/Shanghai", "/Berlin"))
    ]
    assert bad == []


def test_in_chinese_spaces_and_punctuation_are_chinese() -> None:
    """Full-width punctuation between Chinese characters, no space beside it, and none around digits."""
    odd = re.compile(
        r"[一-鿿）」”][,;:?!()]|[,;:?!()][一-鿿]"  # half-width punctuation
        r"|[，。！？：；（）、] (?![ ·])|(?<![ ·]) [，。！？：；（）、]"  # a space beside full-width punctuation
        r"|(?<!周)[一-鿿] \d|(?<!mp)\d [一-鿿]|的的|您"  # but a space between a day and a clock
    )
    bad = [
        (one.name, found.group(), text)
        for one in shown("zh")
        if not _in_every_language_at_once(one)
        for text in one.visible
        for found in odd.finditer(_without_data(text).replace("\n", "  "))
    ]
    assert bad == []


def test_in_the_pseudo_language_nothing_escapes_the_catalogue() -> None:
    """Whatever is said stands in ⟦brackets⟧; outside them are names, numbers and signs."""
    bad = []
    for one in shown(PSEUDO):
        for text in one.visible if not _in_every_language_at_once(one) else ():
            rest = _without_data(text)
            while (inner := re.sub(r"⟦[^⟦⟧]*⟧", "", rest)) != rest:
                rest = inner
            if any(letter.isalpha() for letter in ALLOWED.sub("", rest)):
                bad.append((one.name, rest))
    assert bad == []


MUST_SAY = {
    "SampleReceived": ("received", "收到"),
    "SampleRefused": ("not accepted", "未通过检查"),
    "SampleHeardBefore": ("not accepted", "未通过检查"),
    "SampleNotFetched": ("not accepted", "未通过检查"),
    "Problem Forwarded": ("not accepted", "未通过检查"),
    "Problem HeardBefore": ("not accepted", "未通过检查"),
    "Problem FileTooLarge": ("not accepted", "未通过检查"),
    "SamplePassed": ("reviewers", "审核员"),
    "SampleQueued": ("reviewers", "审核员"),
    "SampleApproved": ("approved", "审核通过"),
    "SampleRejected": ("rejected", "审核未通过"),
    "PairFormed": ("partner", "搭子"),
    "BookingConfirmed": ("confirmed", "已确认"),
    "BookingCancelled": ("cancelled", "已取消"),
    "YouAreOut": ("cancelled", "已取消"),
    "Reminder": ("reminder", "提醒"),
}
"""What a message must say, in English and in Chinese, whatever else it says."""


@pytest.mark.parametrize(("language", "nth"), [("en", 0), ("zh", 1)])
def test_messages_say_the_agreed_words(language: str, nth: int) -> None:
    """People, docs and other programs rely on these words."""
    bad = []
    for one in shown(language):
        word = MUST_SAY.get(one.name.split(" #")[0], ("", ""))[nth]
        if word not in one.text:
            bad.append((one.name, one.text))
    assert bad == []


FINDINGS = {
    "too_short": ("Too short", "太短"),
    "too_long": ("Too long", "太长"),
    "quiet": ("Too quiet", "音量太低"),
    "distorted": ("Distorted", "失真"),
    "noise": ("noise", "噪音"),
    "narrow": ("narrow", "频带"),
    "silence": ("Silence", "静音"),
    "one_voice": ("one voice", "一个人的声音"),
    "balance": ("balance", "不均衡"),
    "loop": ("Repetition", "重复"),
    "unreadable": ("cannot be read", "无法读取"),
}


def test_each_finding_has_words_for_whoever_is_told() -> None:
    """Refusals and warnings for the sender, warnings and notes for reviewers, and an example of each."""
    grave = {(code, severity) for code, severities in SEVERITIES.items() for severity in severities}
    assert set(findings.FINDINGS) == {code for code, severity in grave if severity is Severity.refuse}
    assert set(findings.WARNINGS) == {code for code, severity in grave if severity is Severity.warn}
    assert set(review_findings.LINES) == {code for code, severity in grave if severity is not Severity.refuse}
    assert {(f.code, f.severity) for f in (*samples.REFUSALS, *samples.WARNINGS, *samples.NOTES)} == grave


@pytest.mark.parametrize("language", LANGUAGES)
def test_reviewers_read_warnings_and_notes_and_nothing_of_refusals(language: str) -> None:
    """One short line each, its sign telling whether the sender knows; what this version cannot word is left out."""
    say = Speech(language)
    for found, sign in ((samples.WARNINGS, "⚠️ "), (samples.NOTES, "ℹ️ ")):
        said = [str(review_findings.reviewer_line(finding, say)) for finding in found]
        assert [line for line in said if not line.startswith(sign) or len(line) > 60] == []
    unsaid = (*samples.REFUSALS, Finding(Code.silence, Severity.note))
    assert {str(review_findings.reviewer_line(finding, say)) for finding in unsaid} == {""}


@pytest.mark.parametrize(
    ("share", "english"), [(0.11, "89%"), (0.2, "80%"), (0.199999, "81%"), (0.0, "100%"), (None, "100%")]
)
def test_a_share_of_the_talk_is_rounded_up(share: float | None, english: str) -> None:
    """ "80%; at most 80%" would be no reason."""
    assert str(findings.most(share, Speech("en"))) == english


@pytest.mark.parametrize(("language", "nth"), [("en", 0), ("zh", 1)])
def test_each_finding_is_named(language: str, nth: int) -> None:
    """A refusal names what was found by the agreed word."""
    texts = {one.name: one.text for one in shown(language)}
    bad = []
    for name, example in named():
        found = dump(example).get("findings", ()) if "Refused" in name else ()
        codes = {f["code"] for f in found if f["severity"] == Severity.refuse}
        bad += [(name, code) for code in codes if FINDINGS[code][nth] not in texts[name]]
    assert bad == []
