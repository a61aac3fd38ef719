"""The one-line commands for studios, invitations and broadcasts."""

from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.commands import (
    AddStudio,
    Broadcast,
    ChangeStudio,
    CloseRooms,
    CloseStudio,
    Invite,
    ListStudios,
    Reopen,
    StudioCommand,
    parse_broadcast,
    parse_invite,
    parse_studio,
    zone_name,
)
from bot.rules.oneline import (
    BadBuffer,
    BadCityCode,
    BadLink,
    BadRooms,
    BadStudioId,
    CommandError,
    ExtraPart,
    MissingPart,
    RepeatedOption,
    TooLong,
    UnclosedQuote,
    UnknownChoice,
    UnknownOption,
    UnknownZone,
)
from bot.rules.slots import BadDate
from tests.rules.test_closures import wall

ADD = 'add beijing "Dazhongsi studio" Asia/Shanghai'
VERBS = ("add", "change", "list", "close", "reopen")
AUDIENCES = ("all", "applicants", "approved", "waiting", "paired", "reviewers", "staff")
ROLES = ("reviewer", "coordinator", "staff")
OPTIONS = ("rooms=", "zh=", "en=", "address=", "map=", "city_zh=", "city_en=", "setup=", "cleanup=")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '/studio add beijing "Dazhongsi studio" Asia/Shanghai rooms=2 zh="大钟寺录音棚" '
            'address="13 Ring Rd"',
            AddStudio(
                "beijing", "Dazhongsi studio", "Asia/Shanghai", 2, zh="大钟寺录音棚", address="13 Ring Rd"
            ),
        ),
        (ADD, AddStudio("beijing", "Dazhongsi studio", "Asia/Shanghai")),
        (
            "ADD Beijing “Dazhongsi studio” asia/shanghai rooms＝２０ zh=「大钟寺」 en=Dazhongsi "
            "map=https://map.example/?a=b city_zh=北京 city_en=Beijing",
            AddStudio(
                "beijing",
                "Dazhongsi studio",
                "Asia/Shanghai",
                20,
                "大钟寺",
                "Dazhongsi",
                None,
                "https://map.example/?a=b",
                "北京",
                "Beijing",
            ),
        ),
        (f'{ADD} address="" zh=', AddStudio("beijing", "Dazhongsi studio", "Asia/Shanghai")),
        ("add rooms=3 berlin Mitte Europe/Berlin", AddStudio("berlin", "Mitte", "Europe/Berlin", 3)),
        (
            '/studio@duo_bot change 7 rooms=3 name="New name" address= zone=europe/berlin',
            ChangeStudio(7, {"rooms": 3, "name": "New name", "address": None, "zone": "Europe/Berlin"}),
        ),
        ("change #12 zh=大钟寺", ChangeStudio(12, {"zh": "大钟寺"})),
        (
            f"{ADD} setup=15m cleanup=20",
            AddStudio("beijing", "Dazhongsi studio", "Asia/Shanghai", setup=15, cleanup=20),
        ),
        ("change 7 setup=0 cleanup=１５分", ChangeStudio(7, {"setup": 0, "cleanup": 15})),
        ("close 7", CloseStudio(7)),
        ("reopen #7", Reopen(7)),
        (
            'close 7 room=2 2026-12-05..2026-12-06 reason="a burst pipe"',
            CloseRooms(7, (wall(5), wall(7)), 2, "a burst pipe"),
        ),
        (
            "close 7 2026-12-05 09:00 至 14:00",
            CloseRooms(7, (wall(5, 9), wall(5, 14))),
        ),
        ("List", ListStudios()),
    ],
)
def test_studio(text: str, expected: StudioCommand) -> None:
    """Every form is read, on whatever keyboard it was typed."""
    assert parse_studio(text) == expected


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", MissingPart("", VERBS, "action")),
        ("/studio", MissingPart("", VERBS, "action")),
        ("open 7", UnknownChoice("open", VERBS, "action")),
        ("add", MissingPart("", ("beijing",), "city")),
        ("add beijing", MissingPart("", ('"Dazhongsi studio"',), "name")),
        ('add beijing "" Asia/Shanghai', MissingPart("", ('"Dazhongsi studio"',), "name")),
        ("add beijing Dazhongsi", MissingPart("", ("Asia/Shanghai",), "zone")),
        ("add beijing Dazhongsi studio Asia/Shanghai", ExtraPart("Asia/Shanghai", ())),
        ("add 北京 Dazhongsi Asia/Shanghai", BadCityCode("北京", ("beijing", "new-york"))),
        (
            'add beijing "Dazhongsi Asia/Shanghai',
            UnclosedQuote('"Dazhongsi Asia/Shanghai', ('"…"', "“…”", "「…」")),
        ),
        ("add beijing X Asia/Beijing", UnknownZone("Asia/Beijing", ("Asia/Shanghai",))),
        ("add berlin X Berlin", UnknownZone("Berlin", ("Europe/Berlin",))),
        ("add berlin X ../../etc/passwd", UnknownZone("../../etc/passwd", ())),
        (f"{ADD} rooms=0", BadRooms("0", ("1..20",))),
        (f"{ADD} rooms=21", BadRooms("21", ("1..20",))),
        (f"{ADD} rooms=-1", BadRooms("-1", ("1..20",))),
        (f"{ADD} rooms=two", BadRooms("two", ("1..20",))),
        (f"{ADD} rooms=", MissingPart("rooms=", (), "rooms")),
        (f"{ADD} rooms=1 rooms=2", RepeatedOption("rooms=", ())),
        (f"{ADD} room=1", UnknownOption("room=", OPTIONS)),
        (f"{ADD} name=other", UnknownOption("name=", OPTIONS)),
        (f"{ADD} map=javascript:alert(1)", BadLink("javascript:alert(1)", ("https://…", "http://…"))),
        (f"{ADD} map=https://", BadLink("https://", ("https://…", "http://…"))),
        (f"{ADD} map=https://[x", BadLink("https://[x", ("https://…", "http://…"))),
        (f'{ADD} map="https://a.b/c d"', BadLink("https://a.b/c d", ("https://…", "http://…"))),
        (f"{ADD} zh={'录' * 81}", TooLong("录" * 81, (), "zh", 81, 80)),
        (f"{ADD} address={'a' * 301}", TooLong("a" * 301, (), "address", 301, 300)),
        (f"{ADD} map=http://a/{'a' * 500}", TooLong(f"http://a/{'a' * 500}", (), "map", 509, 500)),
        ("change", MissingPart("", ("7",), "studio")),
        ("change x zh=y", BadStudioId("x", ("7",))),
        ("change 7", MissingPart("", ("name=", "zone=", *OPTIONS), "change")),
        ("change 7 zone=", MissingPart("zone=", (), "zone")),
        ("change 7 city=beijing", UnknownOption("city=", ("name=", "zone=", *OPTIONS))),
        ("close", MissingPart("", ("7",), "studio")),
        ("close 7 8", BadDate("8", ("2026-12-01", "2026-12-01..2026-12-07"))),
        ("close 7 rooms=1", UnknownOption("rooms=", ("room=", "reason="))),
        ("close 7 room=1", MissingPart("", ("2026-12-05..2026-12-06",), "dates")),
        ("close 7 2026-12-05 room=", MissingPart("room=", (), "room")),
        ("close 7 2026-12-05 room=0", BadRooms("0", ("1..20",))),
        (f"close 7 2026-12-05 reason={'x' * 201}", TooLong("x" * 201, (), "reason", 201, 200)),
        ("change 7 setup=241m", BadBuffer("241m", ("15m", "0"))),
        ("change 7 cleanup=long", BadBuffer("long", ("15m", "0"))),
        ("change 7 setup=", MissingPart("setup=", (), "setup")),
        ("reopen", MissingPart("", ("7",), "studio")),
        ("reopen 7 8", ExtraPart("8", ())),
        ("close -7", BadStudioId("-7", ("7",))),
        ("list all", ExtraPart("all", ())),
    ],
)
def test_studio_mistakes(text: str, error: CommandError) -> None:
    """Each mistake has its own error, with the piece at fault and what would do."""
    with pytest.raises(CommandError) as caught:
        parse_studio(text)
    assert caught.value == error


@given(st.sampled_from(sorted(available_timezones() - {"Factory", "localtime"})))
def test_every_zone_is_known(name: str) -> None:
    """Every zone there is can be typed in any case, and comes back as a name that opens."""
    assert zone_name(name.upper()) == name
    assert ZoneInfo(name).key == name


@pytest.mark.parametrize(
    ("token", "nearest"),
    [
        ("Asia/Shangai", "Asia/Shanghai"),
        ("Shangai", "Asia/Shanghai"),
        ("Europe/Belin", "Europe/Berlin"),
        ("NewYork", "America/New_York"),
    ],
)
def test_nearest_zone(token: str, nearest: str) -> None:
    """A misspelt zone brings up to three that look like it, the best one first."""
    with pytest.raises(UnknownZone) as caught:
        zone_name(token)
    assert (caught.value.token, caught.value.expected[0]) == (token, nearest)
    assert len(caught.value.expected) <= 3


@given(st.text())
def test_studio_reads_or_refuses_anything(text: str) -> None:
    """No text makes anything but a studio command or a command error."""
    try:
        outcome: object = parse_studio(text)
    except CommandError as error:
        outcome = error
    assert isinstance(outcome, AddStudio | ChangeStudio | CloseStudio | ListStudios | CommandError)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("reviewer", Invite("reviewer")),
        ("/invite coordinator", Invite("coordinator")),
        ("/invite@duo_bot Staff Beijing", Invite("staff", "beijing")),
    ],
)
def test_invite(text: str, expected: Invite) -> None:
    """A role, and for staff the city."""
    assert parse_invite(text) == expected


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", MissingPart("", ROLES, "role")),
        ("owner", UnknownChoice("owner", ROLES, "role")),
        ("staff", MissingPart("", ("beijing",), "city")),
        ("staff 北京", BadCityCode("北京", ("beijing", "new-york"))),
        ("staff beijing shanghai", ExtraPart("shanghai", ())),
        ("reviewer zh", ExtraPart("zh", ())),
        ("reviewer lang=zh", ExtraPart("lang=zh", ())),
    ],
)
def test_invite_mistakes(text: str, error: CommandError) -> None:
    """Each mistake names the piece at fault."""
    with pytest.raises(CommandError) as caught:
        parse_invite(text)
    assert caught.value == error


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "/broadcast approved city=beijing lang=zh | 周六加场",
            Broadcast("approved", "周六加场", "beijing", "zh"),
        ),
        ("ALL | one\n\ntwo | three ", Broadcast("all", "one\n\ntwo | three")),
        ("lang=EN waiting|x", Broadcast("waiting", "x", None, "en")),
        ("staff city＝Beijing ｜ a ｜ b | c", Broadcast("staff", "a ｜ b | c", "beijing")),
        ('all | "quotes are mine', Broadcast("all", '"quotes are mine')),
        ("all | " + "😀" * 2048, Broadcast("all", "😀" * 2048)),
    ],
)
def test_broadcast(text: str, expected: Broadcast) -> None:
    """An audience, its filters, and a text that is not touched but for the space around it."""
    assert parse_broadcast(text) == expected


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", MissingPart("", AUDIENCES, "audience")),
        ("| hello", MissingPart("", AUDIENCES, "audience")),
        ("everyone | hello", UnknownChoice("everyone", AUDIENCES, "audience")),
        ("all", MissingPart("", ("| …",), "text")),
        ("all | \n ", MissingPart("", ("| …",), "text")),
        ("all hello there", ExtraPart("hello", ("city=", "lang=", "|"))),
        ("all town=beijing | x", UnknownOption("town=", ("city=", "lang="))),
        ("all city=a | x", BadCityCode("a", ("beijing", "new-york"))),
        ("all city= | x", BadCityCode("", ("beijing", "new-york"))),
        ("all lang=de | x", UnknownChoice("de", ("en", "zh"), "lang")),
        ("all lang=en lang=zh | x", RepeatedOption("lang=", ())),
        ("all | " + "a" + "😀" * 2048, TooLong("a" + "😀" * 2048, (), "text", 4097, 4096)),
    ],
)
def test_broadcast_mistakes(text: str, error: CommandError) -> None:
    """Each mistake names the piece at fault; the text is measured in UTF-16 units, as Telegram does."""
    with pytest.raises(CommandError) as caught:
        parse_broadcast(text)
    assert caught.value == error


@given(st.text(min_size=1, max_size=200).filter(lambda text: text.strip()))
def test_broadcast_keeps_the_text(body: str) -> None:
    """Whatever follows the first bar is the message."""
    assert parse_broadcast(f"all lang=zh |{body}") == Broadcast("all", body.strip(), None, "zh")
