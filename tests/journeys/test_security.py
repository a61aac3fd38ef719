"""Nobody acts beyond their role: forged presses, replayed links, others' commands, lost roles, and secrets."""

import asyncio
import io
import re
from collections.abc import AsyncIterator
from contextlib import redirect_stderr
from dataclasses import replace
from pathlib import Path

import pytest

from bot import config, logs
from bot.rules.roles import Role
from bot.services import people
from bot.services.joining import invitations
from handlers import board
from tests.journeys.strangers import STRANGERS, World, changed
from tests.journeys.trouble import knowing
from tests.stage import OWNER, Stage

AWAKE = '[reminders]\nquiet = ""\n'

FORGED = tuple(
    """
lang:xx consent:everything:1:yes profile:approved_at:1 city:atlantis sample:2:agreed:no sample:3:agreed:yes
vote:a1:yes vote:a3:yes vote:s2:yes vote:j4:yes why:a3:done why:j4:noise appeal:1 pair:leave:yes:3 match:1:yes
book:1 book:3:1 times:0:1 hold:1:no hold:2:yes attend:1:no cancel:1 cancel:1:all cancel:2:me move:1 wait:1:leave
offer:1:yes shift:1:yes shift:3:yes shifts:2:1:yes slots:1:open slots:1:waves slots:all:count
feed:1 feed:1:new feed:2:end feed:me:x feed:atlantis cover:1:fewer cover:1:sure duty:week:atlantis:-5 duty:drop:1
wait:end:1 wait:again:1 slots:beijing:again plan:go cast:1:send aim:all:*:*
studio:1:closed tmpl:1:start tmpl:2:stopped tmpl:2:skip:2099-01-01 tmpls rest:1:go rest:1:room:all closure:1:apply
closure:2:lift studios newstudio:done invite:coordinator reviewers:private pending stats:delivery
absent:1 absent:1:1 absent:1:0:yes folks:recent folks:strikes folks:find person:1:card person:2:log:0 lift:1 correct:2:1
unblock:1 pool:city:beijing:0 pool:pick:1:0 pool:see:1:2 pool:go:1:2 pair:week:+99 pair:week:=0:1 stats:pool
pair:standin:1 reserve:leave:1 reserve:beijing:2026-12-01 inbox:1:retry inbox:1:drop no-such-verb:1:yes
""".split()  # noqa: SIM905 - a table to read
)
"""Presses of what belongs to others, is over, or never was."""

OF_A_NEW_VERB = ("", ":1", ":1:yes")
"""For verbs that the table above does not name yet."""

OWN = {"rejected": {"appeal:1"}}

RIGHTFUL = {
    "rita": ("vote:a3:yes", "why:a3:noise"),
    "nell": ("sample:3:agreed:yes",),
    "dora": ("match:1:yes",),
    "bo": ("book:3", "cancel:1:all", "attend:1:yes"),
    "ida": ("hold:2:yes",),
    "ben": ("shift:1:yes",),
    "olga": (
        "slots:1:open",
        "tmpl:1:start",
        "closure:1:apply",
        "cast:1:send",
        "vote:j4:yes",
        "invite:staff:beijing",
    ),
}
"""Who may press what: no crippled form of it may work for them either."""

ODD = ("-1", "0", "999999", "9" * 30, "٣", "３", "²", "+1", "")
"""Numbers that are none, or nobody's."""

COMMANDS = {
    "queue": Role.REVIEWER,
    "pause": Role.REVIEWER,
    "resume": Role.REVIEWER,
    "today": Role.STAFF,
    "studio close 1": Role.COORDINATOR,
    "newslots beijing 2099-12-01 09:00 3h": Role.COORDINATOR,
    "studio close 1 2099-12-05 room=1": Role.COORDINATOR,
    "studio reopen 1": Role.COORDINATOR,
    "newslots beijing weekly mo-fr 09:00 3h": Role.COORDINATOR,
    "newslots stop 2": Role.COORDINATOR,
    "openings": Role.COORDINATOR,
    "broadcast all | Free money": Role.COORDINATOR,
    "pending": Role.COORDINATOR,
    "stats delivery": Role.COORDINATOR,
    "stats pool": Role.COORDINATOR,
    "people bo": Role.COORDINATOR,
    "invite coordinator": Role.COORDINATOR,
    "reviewers private": Role.COORDINATOR,
}


FAULTS = {
    "getUpdates": ("drop_before", "drop_after", "error", "malformed", "retry_after"),
    "answerCallbackQuery": ("drop_after", "error", "malformed", "retry_after"),
    "getFile": ("drop_after", "error", "malformed"),
    "sendMessage": ("error", "retry_after", "malformed"),
}
"""Trouble whose errors are logged and kept."""


def forged() -> tuple[str, ...]:
    """The table, and something for every verb that it does not name."""
    named = {data.split(":")[0] for data in FORGED}
    others = [verb for verb in board.make().presses if verb not in named]
    return (*FORGED, *(verb + rest for verb in others for rest in OF_A_NEW_VERB))


def crippled(data: str) -> list[str]:
    """Forms of a press that no button has: odd numbers, parts missing, parts too many."""
    verb, key, *rest = data.split(":")
    letter = key[0] if key[0] in "asj" and key[1:].isdigit() else ""
    odd = [":".join([verb, letter + number, *rest]) for number in ODD]
    return [*odd, verb, f"{verb}:", f"{data}:x:y:z", data.upper(), data.replace(":", "/"), f"\u202e{data}"]


@pytest.fixture
async def world(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """Something of everything, and strangers to it, whose every press is read however many they are."""
    monkeypatch.setattr("bot.delivery.inbox.PATIENCE", 100_000)
    async with Stage(tmp_path, database_url, AWAKE) as stage:
        yield await World(stage).build()


async def test_strangers_change_nothing(world: World) -> None:
    """Every verb × every kind of stranger: answered with words, nothing moves, nobody else hears, nobody is named."""
    await world.forge("new", ["lang:xx"])
    before = await world.picture()

    async def attack(key: str) -> list[str]:
        data = [each for each in forged() if each not in OWN.get(key, ())]
        answers = await world.forge(key, data)
        return [
            f"{key} pressed {each}: {answer}"
            for each, answer in answers
            if not (answer.answered and answer.alert and answer.text) or world.leaks(key, answer.text)
        ]

    found = [line for lines in await asyncio.gather(*(attack(key) for key in STRANGERS)) for line in lines]
    assert found == []
    assert changed(before, await world.picture()) == []
    assert await world.set_aside() == []
    heard = {key: [said.text for said in await person.heard()] for key, person in world.cast.items()}
    assert {key: said for key, said in heard.items() if said} == {}


async def test_no_crippled_press_works(world: World) -> None:
    """Unicode digits, huge and negative numbers, parts missing or too many: not even for who may press the button."""
    before = await world.picture()

    async def attack(key: str) -> list[str]:
        answers = await world.forge(key, [odd for data in RIGHTFUL[key] for odd in crippled(data)])
        return [
            f"{key} pressed {each!r}: {answer}"
            for each, answer in answers
            if not (answer.text and answer.alert)
        ]

    found = [line for lines in await asyncio.gather(*(attack(key) for key in RIGHTFUL)) for line in lines]
    assert found == []
    assert changed(before, await world.picture()) == []
    assert await world.set_aside() == []


async def test_what_is_private_stays_out_of_groups(world: World) -> None:
    """Pressed or typed in a group, private matters are referred to the private chat; the group reads nothing."""
    members = [world.cast[key] for key in ("coco", "olga", "bo", "zoe", "rita")]
    group = await world.stage.client.group("Lounge", members, admin=True)
    before = await world.picture()
    private = [data for data in forged() if data.split(":")[0] not in ("vote", "reviewers")]
    for key in ("bo", "olga"):
        for data, answer in await world.forge(key, private, group):
            assert answer.alert, data
            assert answer.text, data
    for key, votes in (("zoe", "vote:s2:yes"), ("coco", "vote:s2:no"), ("bo", "reviewers:here")):
        ((_, answer),) = await world.forge(key, [votes], group)
        assert answer.alert
    await group.hears_nothing()
    for command in COMMANDS:
        await world.cast["olga"].says(f"/{command.replace(' ', '@duologue_bot ', 1)}", chat=group)
        told = await group.hears()
        assert "private" in told.text
    await world.settle()
    assert changed(before, await world.picture()) == []


async def test_commands_without_the_role(world: World) -> None:
    """Refused with the role that it takes, with the bot's name too; a forwarded command is nobody's."""
    before = await world.picture()
    for command, role in COMMANDS.items():
        for key in {"zoe", "coco", {Role.REVIEWER: "lou", Role.STAFF: "leo"}.get(role, "max")}:
            await world.cast[key].says(f"/{command}")
            told = await world.cast[key].hears(re.compile("only"))
            assert not world.leaks(key, told.text)
    assert changed(before, await world.picture()) == []
    group = await world.stage.client.group("Lounge", [world.cast["coco"], world.cast["olga"]], admin=True)
    for command in COMMANDS:
        said = await world.cast["coco"].says(f"/{command}", chat=group)
        await world.cast["olga"].forwards(said["message"]["message_id"], from_chat=group)
        await world.cast["olga"].hears("forwarded")
    assert changed(before, await world.picture()) == []


async def test_only_reviewers_vote_in_the_group(world: World) -> None:
    """Being in the reviewers' group is no role, being tied to the applicant is no seat, and a lost role is none."""
    members = [world.cast[key] for key in ("olga", "rita", "tied", "lou", "coco", "ann")]
    group = await world.stage.client.group("Reviewers", members)
    await world.cast["olga"].says("/reviewers here", chat=group)
    await group.hears("reviewed in this group")
    before = await world.picture()
    for key in ("tied", "lou", "coco", "ann"):
        for _, answer in await world.forge(
            key, ["vote:s2:yes", "vote:s2:no", "vote:a3:yes", "why:a3:done"], group
        ):
            assert answer.alert
            assert not world.leaks(key, answer.text)
    assert changed(before, await world.picture()) == []


@pytest.mark.parametrize("kind", ["reviewer", "staff", "coordinator"])
async def test_a_link_makes_one_of_many(stage: Stage, kind: str) -> None:
    """Three open it at the same instant: one gets the role, and it stays used."""
    await stage.owner()
    token = await made(stage, OWNER, kind)
    crowd = [await stage.client.person(f"P{n}", started=True) for n in range(3)]
    group = await stage.client.group("Lounge", crowd, admin=True)
    await crowd[0].says(f"/start {token}", chat=group)
    await group.hears("/help")
    await asyncio.gather(*(person.starts(token) for person in crowd))
    said = [(await person.hears(re.compile("Welcome to the|used already"))).text for person in crowd]
    assert sorted("Welcome" in words for words in said) == [False, False, True]
    for person in crowd:
        await person.starts(token)
        await person.hears("used already")
    assert await roles(stage) == sorted(["coordinator", kind])


async def test_a_link_is_worth_as_much_as_its_maker(world: World) -> None:
    """Who was a coordinator once cannot become one again by a link that was made then."""
    token = await made(world.stage, world.cast["max"].id, "coordinator")
    before = await world.picture()
    for key in ("max", "zoe"):
        await world.cast[key].starts(token)
        await world.cast[key].hears("not valid any more")
    await world.settle()
    grants = [line for line in changed(before, await world.picture()) if "role_grants" in line]
    assert grants == []


async def test_an_owner_who_left_the_configuration(stage: Stage) -> None:
    """The role goes with the name in the configuration, and its menu; an invited coordinator stays."""
    olga = await stage.owner()
    cora = await stage.client.person("Cora", started=True)
    await cora.starts(await made(stage, OWNER, "coordinator"))
    await cora.hears("coordinators")
    await stage.lower_curtain()
    settings = stage.config()
    stage.config = lambda: without_owners(settings)  # type: ignore[method-assign]
    await stage.raise_curtain()
    await olga.says("/stats")
    await olga.hears("for coordinators only")
    assert "stats" not in [entry["command"] for entry in await olga.menu()]
    await cora.says("/stats")
    await cora.hears("📊")


async def test_the_token_is_nowhere(tmp_path: Path, database_url: str) -> None:
    """Broken connections, nonsense and refusals on every way: no log line, no row and no file knows the token."""
    log = io.StringIO()
    with redirect_stderr(log):
        stage = Stage(tmp_path, database_url, AWAKE)
        logs.set_up("DEBUG")
        async with stage:
            olga = await stage.owner()
            for method, kinds in FAULTS.items():
                for kind in kinds:
                    pause = {"seconds": 0.1} if kind == "retry_after" else {}
                    await stage.client.fault(kind, method, **pause)
            await olga.says("/stats")
            for _ in range(4):
                await olga.forges("lang:en", timeout=0.5)
            await olga.sends_voice(b"no audio at all")
            await olga.hears("📊", timeout=30)
            await stage.app.inbox.idle()
            token = stage.sandbox.token
    secret = token.partition(":")[2].encode()
    assert "failed" in log.getvalue()
    assert secret not in log.getvalue().encode()
    assert knowing(tmp_path, database_url, b"Olga") != []
    assert knowing(tmp_path, database_url, secret) == []


async def made(stage: Stage, maker: int, kind: str) -> str:
    """The token of a link that somebody made while they could."""
    async with stage.app.units.writing(f"a link for a {kind}") as unit:
        person = await people.by_telegram_id(unit, maker)
        assert person is not None
        return await invitations.create(unit, person, kind)


async def roles(stage: Stage) -> list[str]:
    """Every role that anybody holds."""
    async with stage.app.units.reading() as look:
        return sorted([role.value for role in Role for _ in await people.holders(look, role)])


def without_owners(settings: config.Config) -> config.Config:
    """The same configuration, naming nobody."""
    return replace(settings, settings=settings.settings.model_copy(update={"owners": ()}))
