"""The week in which somebody can record: ticked in one message, kept at once, and what comes of it."""

from bot.rules import week
from bot.sandbox import Heard, Person
from tests.stage import Stage

PARTS = ("8–13", "13–18", "18–23")


async def only(person: Person, choice: str) -> list[str]:
    """Somebody clears the grid and ticks one thing; gives the labels that are ticked then."""
    await person.presses("pair:week")
    await person.hears("When can you record?")
    await person.presses("pair:week:clear")
    await person.hears("Without a single tick")
    await person.presses(f"pair:week:={choice}")
    return ticks(await person.hears("Each tap is kept"))


def ticks(message: Heard) -> list[str]:
    """The labels of the ticked parts of a grid."""
    return [b.text.removeprefix("✅ ") for b in message.buttons if b.text.startswith("✅")]


async def test_a_week_is_ticked_in_place_and_two_that_never_meet_are_told(stage: Stage) -> None:
    """One records on Saturday mornings, one on Sunday evenings: why none says so and what would help, by a tap."""
    ann, bo = await stage.approved("Ann"), await stage.approved("Bo")
    await ann.says("/partner")
    await ann.hears("you need a partner")
    assert await only(ann, str(week.cell(5, 0))) == ["Sat 8–13"]
    await ann.presses("pair:week:done")
    kept = await ann.hears("Noted. You can record")
    assert kept.edited
    assert "Sat 8–13" in kept.text
    await ann.presses("pair:find")
    assert "Sat 8–13" in (await ann.hears("looking for a partner for you")).text
    await looks_otherwise(bo, str(week.cell(6, 2)))
    await ann.presses("pair:why")
    why = await ann.hears("never free when you are")
    assert "Sun: one more person in your city can record then" in why.text
    await ann.presses("pair:week:+day6")
    assert ticks(await ann.hears("Each tap is kept")) == ["Sat 8–13", "Sun 8–13", "Sun 13–18", "Sun 18–23"]
    for person in (ann, bo):
        await person.hears("A partner for you", timeout=10)


async def looks_otherwise(person: Person, choice: str) -> None:
    """Somebody ticks their week first, so that no round finds them before, and looks for a partner then."""
    await person.says("/partner")
    await person.hears("you need a partner")
    await only(person, choice)
    await person.presses("pair:week:done")
    await person.hears("Noted. You can record")
    await person.presses("pair:find")
    await person.hears("looking for a partner for you")


async def test_the_week_waits_for_the_approval_and_forged_presses_change_nothing(stage: Stage) -> None:
    """Nothing the grid does not offer is taken, from nobody."""
    new, ann = await stage.newcomer("New"), await stage.approved("Ann")
    for data in ("pair:week", "pair:week:any", "pair:week:done"):
        assert "once your sample is approved" in (await new.forges(data)).text
    await ann.says("/partner")
    await ann.hears("you need a partner")
    assert await only(ann, "weekend") == [f"{day} {part}" for day in ("Sat", "Sun") for part in PARTS]
    for data in ("pair:week:+99", "pair:week:=", "pair:week:all", "pair:week:-5:6"):
        assert "too old" in (await ann.forges(data)).text
    await ann.forges("pair:week:clear")
    await ann.forges("pair:week:done")
    assert "Sat 8–13, 13–18, 18–23\nSun 8–13, 13–18, 18–23" in (await ann.hears("Noted. You can record")).text
