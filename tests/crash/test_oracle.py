"""The oracle notices what is wrong with a night, and excuses what the rules excuse and nothing else."""

from dataclasses import replace

import pytest

from bot.delivery.settle import DOUBTS
from bot.services.messages import KINDS
from bot.services.messages.bookings import Reminder
from bot.services.messages.broadcasts import BroadcastWords
from bot.services.messages.people import Help
from tests.crash.evidence import Look, Said, Seen, mask, seen
from tests.crash.moments import deal, kind_of, mending, moments
from tests.crash.oracle import JUST_NOW, Cut, Verdict, broken_off, judge, miscounted, reminded, told_wrongly

LANES = {"hello": 0, "card": 2, "reminder": 3}


def said(text: str, act: int = 0, mono: float = 0.0, last: str = "", chat: str = "Ann") -> Said:
    """A message."""
    return Said(chat, act, Look(text), Look(last or text), mono)


def cut(text: str, mono: float = 0.5, kind: str = Help.kind, *, change: bool = False) -> Cut:
    """A death with this message to Ann in the air."""
    return Cut("Ann", kind, frozenset({text}), mono, mono + 0.1, change)


CALM = Seen(
    (said("hello"), said("question", 1, 1.0), said("card", 1, 2.0, last="card, voted"), said("bye", 2, 3.0)),
    answers={"p1": 1},
    menus={"Ann": "['start']"},
)


def night(*told: Said, answers: dict[str, int] | None = None) -> Seen:
    """Another night, with the same answers and menus."""
    return Seen(told, answers=CALM.answers if answers is None else answers, menus=CALM.menus)


def verdict(
    of: Seen, *cuts: Cut, calm: Seen = CALM
) -> tuple[list[str], list[str], list[str], dict[str, int]]:
    """Losses, repeats, disorder, and what stayed open."""
    found = judge(calm, of, cuts, LANES)
    open_ = {f"{kind} {end}": count for (kind, end), count in found.uncertain.items()}
    return found.losses, found.repeats, found.disorder, open_


def test_the_same_night_is_good() -> None:
    """Every rule holds for a night that is like the calm one, whenever things came."""
    later = night(*(replace(one, mono=one.mono + 7) for one in CALM.said))
    assert verdict(later) == ([], [], [], {})


def test_a_lost_message_is_noticed() -> None:
    """Also if a later act brought it after all: it is missing where it belongs."""
    hello, question, card, bye = CALM.said
    assert verdict(night(hello, card, bye)) == (
        ["Ann, act 1: “question” came 0 times instead of 1"],
        [],
        [],
        {},
    )
    losses, repeats, _, _ = verdict(night(hello, card, replace(question, act=2), bye))
    assert losses == ["Ann, act 1: “question” came 0 times instead of 1"]
    assert repeats == ["Ann, act 2: “question” came 1 times instead of 0"]


def test_a_copy_without_excuse_is_noticed() -> None:
    """One that was not in the air, one that was but long before, one that was to somebody else."""
    twice = night(CALM.said[0], said("hello", 0, 9.0), *CALM.said[1:])
    complaint = ["Ann, act 0: “hello” came 2 times instead of 1"]
    assert verdict(twice)[1] == complaint
    assert verdict(twice, cut("hello", JUST_NOW + 1.0))[1] == complaint
    assert verdict(twice, replace(cut("hello"), chat="Ben"))[1] == complaint
    assert verdict(twice, cut("question"))[1] == complaint
    assert verdict(twice, cut("hello", change=True))[1] == complaint


def test_a_copy_of_what_was_cut_off_is_excused_once() -> None:
    """One death, one copy."""
    first, *rest = CALM.said
    twice = night(first, said("hello", 0, 9.0), *rest)
    assert verdict(twice, cut("hello")) == ([], [], [], {"Help came again": 1})
    thrice = night(first, said("hello", 0, 9.0), said("hello", 0, 9.5), *rest)
    assert verdict(thrice, cut("hello"))[1] == ["Ann, act 0: “hello” came 3 times instead of 1"]
    assert verdict(thrice, cut("hello"), cut("hello", 9.2))[1] == []


@pytest.mark.parametrize(("kind", "copies"), [(BroadcastWords.kind, 0), (Reminder.kind, 1), (Help.kind, 3)])
def test_the_kind_decides_how_often_it_may_come_again(kind: str, copies: int) -> None:
    """However often it was cut off."""
    first, *rest = CALM.said
    cuts = [cut("hello", number + 0.5, kind) for number in range(8)]
    for more in range(5):
        again = [said("hello", 0, number + 1.0) for number in range(more)]
        assert (verdict(night(first, *again, *rest), *cuts)[1] == []) == (more <= copies)


@pytest.mark.parametrize(
    ("kind", "deaths"), [(BroadcastWords.kind, 1), (Reminder.kind, 2), (Help.kind, DOUBTS)]
)
def test_the_kind_decides_whether_it_may_be_missing(kind: str, deaths: int) -> None:
    """Only after so many deaths in the air."""
    gone = night(*CALM.said[1:])
    cuts = [cut("hello", number + 0.5, kind) for number in range(deaths)]
    assert verdict(gone, *cuts) == ([], [], [], {f"{kind} never came": 1})
    assert verdict(gone, *cuts[1:])[0] == ["Ann, act 0: “hello” came 0 times instead of 1"]


def test_what_a_message_became_is_noticed() -> None:
    """A vote that took effect twice, or never, leaves the card as it should not be."""
    hello, question, _, bye = CALM.said
    unchanged = night(hello, question, said("card", 1, 2.0), bye)
    assert verdict(unchanged)[0] == ["Ann: nothing looks like “card, voted” in the end"]
    cuts = [cut("card, voted", number, change=True) for number in range(DOUBTS)]
    assert verdict(unchanged, *cuts) == ([], [], [], {"(a change) never came": 1})
    assert verdict(unchanged, *cuts[1:])[0] == ["Ann: nothing looks like “card, voted” in the end"]
    unknown = [cut("card", 2.1 + number) for number in range(DOUBTS)]
    assert verdict(unchanged, *unknown)[0] == []


def test_a_change_may_come_as_a_message_of_its_own() -> None:
    """If nobody knows where the changed message stands."""
    hello, question, card, bye = CALM.said
    calm = replace(CALM, edited={("Ann", 2, Look("card, voted")): Look("card")})
    anew = night(hello, question, replace(card, last=card.first), said("card, voted", 2, 2.5), bye)
    assert verdict(anew, calm=calm)[1] == ["Ann, act 2: “card, voted” came 1 times instead of 0"]
    assert verdict(anew, cut("card", 2.1), calm=calm) == (
        [],
        [],
        [],
        {"(a change) came anew": 1, "Help came once": 1},
    )


def test_disorder_is_noticed_within_a_lane() -> None:
    """Between lanes urgency decides; a copy may stand anywhere."""
    hello, question, card, bye = CALM.said
    assert verdict(night(hello, card, question, bye))[2] == []
    calm = Seen((hello, said("how are you")), menus=CALM.menus)
    turned = Seen((said("how are you"), hello), menus=CALM.menus)
    assert judge(calm, turned, (), LANES).disorder == [
        "Ann, act 0: “how are you” – “hello” instead of “hello” – “how are you”"
    ]
    copied = Seen((hello, said("how are you"), said("hello", 0, 9.0)), menus=CALM.menus)
    assert judge(calm, copied, [cut("hello")], LANES).wrong == []


def test_a_press_that_was_answered_twice_is_noticed() -> None:
    """It was handled twice; one that was not answered may have been cut off."""
    assert verdict(night(*CALM.said, answers={"p1": 2}))[1] == ["a press was answered 2 times (p1)"]
    assert verdict(night(*CALM.said, answers={}))[1] == []


def test_another_menu_is_noticed() -> None:
    """The commands that a person is shown in the end."""
    other = replace(night(*CALM.said), menus={"Ann": "['help']"})
    assert verdict(other)[0] == ["Ann: the menu is ['help'] instead of ['start']"]


def test_a_menu_that_was_cut_off_each_time_is_excused() -> None:
    """It is no message, but it goes the same way."""
    other = replace(night(*CALM.said), menus={})
    menu = replace(cut(""), texts=frozenset())
    assert verdict(other, *[menu] * DOUBTS)[0] == []
    assert verdict(other, *[menu] * (DOUBTS - 1))[0] == ["Ann: the menu is None instead of ['start']"]


def test_a_calm_night_is_judged_by_what_is_written_down() -> None:
    """Who is told what how often, in whatever form it is left."""
    told = night(said("card", last="card, voted"), said("card"), said("card", chat="Ben"))
    assert told_wrongly(told, [("Ann", "card", 2), ("Ann", "voted", 1), ("Ben", "voted", 0)]) == []
    assert told_wrongly(told, [("Ann", "card", 1)]) == ["Ann was told “card” 2 times instead of 1"]


def test_a_reminder_of_a_cancelled_session_is_noticed() -> None:
    """From the act on in which it was cancelled, and of that session only."""
    told = night(said("A reminder: 09:00–", 1), said("A reminder: 14:00–", 3), said("cancelled: 09:00–", 2))
    assert reminded(told, 2, ["A reminder"], "09:00–") == []
    told = night(*told.said, said("A reminder: 09:00–", 3))
    assert reminded(told, 2, ["A reminder"], "09:00–") == ["Ann, act 3: “A reminder: 09:00–”"]


def test_a_broadcast_that_miscounts_is_noticed() -> None:
    """Everybody in one end state, and uncertain who was cut off."""
    tally = "5 sent · 1 blocked the bot · 1 uncertain (not sent again)"
    one = cut("news", kind=BroadcastWords.kind)
    assert miscounted(tally, 7, [one, one]) == []
    assert miscounted(tally, 8, [one]) == [
        f"the broadcast's card says {tally!r} of 8, and 1 were cut off in the air"
    ]
    assert miscounted(tally, 7, []) != []


def test_a_night_may_be_broken_off_by_what_may_be_missing() -> None:
    """Of this act or the one before; by nothing else: not by what somebody else may miss, nor what was long missing."""
    until = night(CALM.said[0])
    gone = [cut("question", 1.0, Reminder.kind), cut("question", 2.0, Reminder.kind)]
    for act in (1, 2):
        excused = broken_off(CALM, until, gone, "Ann", act, "no question")
        assert (excused.wrong, excused.broken_off) == ([], ["no question"])
        assert excused.uncertain == {(Reminder.kind, "never came"): 1}
    for who, act, cuts in (("Ben", 1, gone), ("Ann", 3, gone), ("Ann", 1, gone[:1]), ("", 1, gone)):
        assert broken_off(CALM, until, cuts, who, act, "no question").losses == ["no question"]


def test_verdicts_add_up() -> None:
    """Of many nights, each complaint with the name of its night."""
    first, second = Verdict(losses=["a"]), Verdict(repeats=["b"], broken_off=["c"])
    first.uncertain[Help.kind, "came once"] = 2
    second.uncertain[Help.kind, "came once"] = 3
    second.prefix("night 2")
    first.add(second)
    assert first.wrong == ["a", "night 2: b"]
    assert first.broken_off == ["night 2: c"]
    assert first.uncertain == {(Help.kind, "came once"): 5}


# --- what it reads


def event(kind: str, seq: int, message_id: int, text: str, **more: object) -> dict[str, object]:
    """An event of the sandbox's log, in Ann's chat."""
    message = {"message_id": message_id, "chat": {"id": 5}, "text": text, **more}
    return {"kind": kind, "seq": seq, "time": 0.0, "mono": float(seq), "chat_id": 5, "message": message}


def test_what_people_see_is_read_from_the_log() -> None:
    """Each message once, in the act it came in, as it came and as it was left."""
    keyboard = {"inline_keyboard": [[{"text": "👍", "callback_data": "vote:a12:yes"}]]}
    menu = {
        "kind": "commands",
        "seq": 5,
        "chat_id": 5,
        "commands": [{"command": "start", "description": "…"}],
    }
    asked = {"method": "answerCallbackQuery", "parameters": {"callback_query_id": "p1"}}
    told = seen(
        [
            event("message", 1, 10, "card", reply_markup=keyboard),
            event("message", 3, 11, "hello"),
            event("edited", 4, 10, "card, voted"),
            menu,
        ],
        [asked, {"method": "sendMessage", "parameters": {}}],
        {5: "Ann"},
        [2],
    )
    card = Look("card", ("[👍|vote:#:yes]",))
    assert told == Seen(
        (
            Said("Ann", 0, card, Look("card, voted"), 1.0),
            Said("Ann", 1, Look("hello"), Look("hello"), 3.0),
        ),
        {("Ann", 1, Look("card, voted")): card},
        {"p1": 1},
        {"Ann": "['start']"},
    )


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Fri, 27 Nov 09:00–12:00, by 12:31", "Fri, 27 Nov 09:00–12:00, by ··:··"),
        ("🎙 14:00, answer by 00:00", "🎙 14:00, answer by ··:··"),
        ("https://t.me/bot?start=A-b_9\nSend it", "https://t.me/bot?start=···\nSend it"),
        (
            "✅ Broadcast sent\n5 sent · 1 uncertain (not sent again)\nNews",
            "✅ Broadcast sent\n(who got it)\nNews",
        ),
        ("What needs a human\n\n📤 3 messages may …\nShow this", "What needs a human"),
    ],
)
def test_what_means_nothing_is_masked(text: str, masked: str) -> None:
    """Whatever differs between two nights that are both right."""
    assert mask(text) == masked


# --- where bots die


def test_moments_are_numbered_and_dealt() -> None:
    """Every moment is in one hand, and neighbours are in different ones."""
    journal = [
        "before send",
        "after send",
        "died before send:9",
        "before send",
        "forgot send:2",
        "after send",
    ]
    passed = moments(journal)
    assert passed == ["before send:1", "after send:1", "before send:2", "after send:2"]
    assert deal(passed, 3) == [["before send:1", "after send:2"], ["after send:1"], ["before send:2"]]
    assert kind_of("before send:12") == "before send"


def test_every_night_dies_while_it_mends() -> None:
    """Before and after, at different times in different nights."""
    assert mending(0)[:4] == [
        "before outbox.start:1",
        "after outbox.start:7",
        "before outbox.start:13",
        "after outbox.start:19",
    ]
    assert {kind_of(moment) for number in range(6) for moment in mending(number)} == {
        f"{side} {point}" for side in ("before", "after") for point in ("outbox.start", "jobs.start")
    }


def test_the_kinds_that_are_cut_off_are_known() -> None:
    """A kind that nobody knows would have no rule."""
    assert {cut("", kind=kind).rule for kind in KINDS} == {"again", "once_more", "never"}
