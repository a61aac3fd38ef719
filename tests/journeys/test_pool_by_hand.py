"""The pool in numbers, and two proposed to each other by hand, as a coordinator sees and does it."""

import re

from sqlmodel import col, select

from bot.sandbox import Button, Heard, Person
from bot.services.pairing import matches, pool
from bot.services.people import by_telegram_id
from storage.tables import Audit, Proposal
from tests.helpers import a_studio
from tests.stage import OWNER, Stage


async def the_pool(stage: Stage) -> tuple[Person, Person, Person]:
    """Ann of Beijing and Bo of Shanghai look for a partner, nobody fits either; Olga coordinates."""
    olga = await stage.owner()
    async with stage.app.units.writing("cities") as unit:
        for code in ("beijing", "shanghai"):
            await a_studio(unit, code)
    ann = await stage.approved("Ann", city="beijing")
    bo = await stage.approved("Bo", city="shanghai", dialect="wu")
    async with stage.app.units.writing("they look") as unit:
        for one in (ann, bo):
            person = await by_telegram_id(unit, one.id)
            assert person is not None
            await pool.join(unit, person)
    return olga, ann, bo


def labelled(message: Heard, words: str) -> Button:
    """The button of a message whose label contains these words."""
    return next(button for button in message.buttons if words in button.text)


async def test_two_are_proposed_to_each_other_by_hand(stage: Stage) -> None:
    """From the numbers to a city, to one, to another whom the city speaks against; both still say yes themselves."""
    olga, ann, bo = await the_pool(stage)
    await olga.says("/stats pool")
    numbers = await olga.hears("Looking for a partner")
    assert "1 has nobody who fits: nobody else in their city" in numbers.text
    await olga.presses(labelled(numbers, "(1)"))
    await olga.presses(labelled(await olga.hears("who is waiting, longest first"), "Ann"))
    choice = await olga.hears("Propose whom?")
    assert [b.text for b in choice.buttons if "Bo" in b.text] == ["⚠️ Bo · another city"]
    await olga.presses(labelled(choice, "Bo"))
    preview = await olga.hears("Both are asked")
    assert "Against it: another city" in preview.text
    await olga.presses(labelled(preview, "Propose them"))
    proposed = await olga.hears("Ann and Bo are proposed to each other")
    assert proposed.edited
    for person in (ann, bo):
        card = await person.hears("A partner for you")
        assert "Olga" not in card.text
        await person.presses(await person.sees_button(re.compile(r"match:\d+:yes")))
    for person in (ann, bo):
        await person.hears("You have a partner")
    async with stage.app.units.reading() as look:
        row = await look.tx.one(select(Audit).where(Audit.event == "proposal.offered"))
        owner = await by_telegram_id(look, OWNER)
        assert owner is not None
        assert (row.actor_id, row.data) == (owner.id, {"kind": "pool"})
    assert "Ann is not free any more" in (await olga.forges(labelled(preview, "Propose them").data)).text


async def test_who_said_no_is_simply_not_possible(stage: Stage) -> None:
    """Neither the list nor a forged press tells why, and nothing is offered."""
    olga, ann, bo = await the_pool(stage)
    await olga.says("/stats pool")
    await olga.presses(labelled(await olga.hears("Looking for a partner"), "(1)"))
    await olga.presses(labelled(await olga.hears("who is waiting"), "Ann"))
    await olga.presses(labelled(await olga.hears("Propose whom?"), "Bo"))
    propose = labelled(await olga.hears("Both are asked"), "Propose them")
    await olga.presses(propose)
    await olga.hears("are proposed to each other")
    async with stage.app.units.writing("Bo says no") as unit:
        person = await by_telegram_id(unit, bo.id)
        proposal = await unit.tx.one(select(Proposal).where(col(Proposal.state) == "offered"))
        assert person is not None
        await matches.answer(unit, person, proposal.id, agree=False)
    await ann.hears("did not work out")
    await olga.presses("stats:pool")
    await olga.presses(labelled(await olga.hears("Looking for a partner"), "(1)"))
    await olga.presses(labelled(await olga.hears("who is waiting"), "Ann"))
    choice = await olga.hears("Propose whom?")
    assert "• Bo: not possible" in choice.text.splitlines()
    assert [b.text for b in choice.buttons if "Bo" in b.text] == []
    for data in (propose.data, propose.data.replace("go", "see")):
        assert "cannot be proposed to each other" in (await olga.forges(data)).text
    two = propose.data.removeprefix("pool:go:")
    for data in (f"pool:steal:{two}", "pool:go:1", "pool:city:beijing:-1", "pool:see:x:1", "pool"):
        assert "too old" in (await olga.forges(data)).text


async def test_it_is_for_coordinators_only(stage: Stage) -> None:
    """Who is in the pool themselves is refused, whatever they forge."""
    _, ann, _ = await the_pool(stage)
    for data in ("pool:city:beijing:0", "pool:pick:2:0", "pool:see:2:3", "pool:go:2:3", "stats:pool"):
        assert "for coordinators only" in (await ann.forges(data)).text
    await ann.says("/stats pool")
    await ann.hears("for coordinators only")
    async with stage.app.units.reading() as look:
        assert await look.tx.all(select(Proposal)) == []
