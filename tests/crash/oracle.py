"""The oracle: what is right after a night in which the bot died again and again.

It compares what people saw that night with what they saw in a calm one, act by act: an act is what people do, and
everything until the bot has nothing left to do. It reads the sandbox's log, never the bot's rows. That the calm
night is right is written down in the story: who is told what how often. The rules:

1. Every update took effect once. Whatever the calm night's people were told after an act, they were told after
   the same act; what they see in the end, and what the bot answers when they ask it for samples, pairs, bookings
   and numbers, is the same. No press was answered twice.
2. Every message came once, unless its sending was cut off in the air: the bot died between taking it out of the
   queue and writing down that it arrived. Then its kind decides. Cards, questions and verdicts come again, once for
   each time they were cut off, and are missing only if that happened `DOUBTS` times; reminders come again once,
   and may be missing if they were cut off twice; broadcasts never come again, and may be missing. A message may
   stay as it was if its change was cut off `DOUBTS` times, or if nobody knows where it stands. Each such message is
   counted. A copy is excused only if another was itself cut off: it came just before a death.
3. Nothing comes that did not come in the calm night, but for one thing: what a message was changed into comes as a
   message of its own, if that message had been cut off and nobody knows where it stands.
4. Within a chat and lane, and from act to act, the order is kept.
5. After a booking was cancelled, nobody is reminded of it.
6. The card of the broadcast counts everybody once, and as uncertain exactly those whose copy was cut off.

A night may be broken off, and then proves nothing: where people wait for a reminder that may be missing, or if a job
took the bot down so often that it was given up, as people are told. Another night tries what it was to try.

What was in the air is what the dead bot's own rows say before it is started again. They may excuse a copy that
came at that very moment, and nothing else.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.delivery.settle import DOUBTS
from bot.services.messages import KINDS, IfUncertain
from bot.services.messages.broadcasts import BroadcastWords
from tests.crash.evidence import Look, Said, Seen

JUST_NOW = 3.0
"""Seconds: a bot that writes down a sending later than this has no excuse (the machine may be busy)."""

COPIES = {IfUncertain.AGAIN: DOUBTS - 1, IfUncertain.ONCE_MORE: 1, IfUncertain.NEVER: 0}
"""How many copies may come besides the one that is meant."""

MISSING = {IfUncertain.AGAIN: DOUBTS, IfUncertain.ONCE_MORE: 2, IfUncertain.NEVER: 1}
"""So often must a message have been cut off that it may be missing."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A message that was in the air when the bot died: to whom, of which kind, how it reads (in each language).

    A menu has no texts.
    `mono` is when it died, `until` when that was certain: what it had sent may still have arrived between (seconds).
    `change`: it was to change a message that stands there.
    """

    chat: str
    kind: str
    texts: frozenset[str]
    mono: float
    until: float
    change: bool = False

    @property
    def rule(self) -> IfUncertain:
        """What becomes of it."""
        return KINDS[self.kind].if_uncertain

    def hit(self, said: Said) -> bool:
        """Whether this copy was the one in the air, and arrived."""
        return said.mono <= self.until and self.mono - said.mono < JUST_NOW


@dataclass(slots=True)
class Verdict:
    """What is wrong with a night, and what stayed open in it."""

    losses: list[str] = field(default_factory=list)
    repeats: list[str] = field(default_factory=list)
    disorder: list[str] = field(default_factory=list)
    reminded: list[str] = field(default_factory=list)
    """Reminders of a cancelled booking."""
    uncertain: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Messages cut off in the air, by kind and what became of them."""
    broken_off: list[str] = field(default_factory=list)
    """Nights that ended early, because people waited for a message that may be missing."""

    @property
    def wrong(self) -> list[str]:
        """Every complaint."""
        return self.losses + self.repeats + self.disorder + self.reminded

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrong

    def prefix(self, name: str) -> None:
        """Let every complaint say of which night it is."""
        for complaints in (self.losses, self.repeats, self.disorder, self.reminded, self.broken_off):
            complaints[:] = [f"{name}: {complaint}" for complaint in complaints]

    def add(self, other: "Verdict") -> None:
        """Take another night's into account."""
        self.losses += other.losses
        self.repeats += other.repeats
        self.disorder += other.disorder
        self.reminded += other.reminded
        self.uncertain += other.uncertain
        self.broken_off += other.broken_off


CHANGE = "(a change)"
"""What is no message but changes one, among the kinds."""

NEW = "came anew"
"""What became of a change of a message of which nobody knows where it stands."""

Key = tuple[str, int, Look]
Lanes = Mapping[str, int]
"""The lane that a message of this text is in."""


def judge(calm: Seen, night: Seen, cuts: Sequence[Cut], lanes: Lanes) -> Verdict:
    """What is wrong with a night, by rules 1 to 4."""
    verdict = Verdict()
    missing = _each_once(calm, night, cuts, verdict)
    _same_in_the_end(calm, night, cuts, missing, verdict)
    _in_order(calm, night, missing, lanes, verdict)
    verdict.repeats += [
        f"a press was answered {times} times ({press})" for press, times in night.answers.items() if times > 1
    ]
    return verdict


def _by_key(said: Iterable[Said]) -> dict[Key, list[Said]]:
    found: defaultdict[Key, list[Said]] = defaultdict(list)
    for one in said:
        found[one.chat, one.act, one.first].append(one)
    return found


def _each_once(calm: Seen, night: Seen, cuts: Sequence[Cut], verdict: Verdict) -> Counter[Key]:
    """Rules 1 to 3; gives what may be missing."""
    expected, got = _by_key(calm.said), _by_key(night.said)
    missing: Counter[Key] = Counter()
    for key in {**expected, **got}:
        chat, act, look = key
        copies = got.get(key, [])
        more = len(copies) - len(expected.get(key, []))
        mine = _cuts_of(chat, look, cuts)
        original = calm.edited.get(key)
        if more > 0 and original and _cuts_of(chat, original, cuts):
            more -= 1
            verdict.uncertain[CHANGE, NEW] += 1
        words = f"{chat}, act {act}: {look}"
        if more < 0:
            if mine and len(mine) >= MISSING[mine[0].rule]:
                missing[key] = -more
            else:
                verdict.losses.append(f"{words} came {len(copies)} times instead of {len(copies) - more}")
        elif more > 0 and (not mine or more > min(COPIES[mine[0].rule], _cut_copies(copies, mine))):
            verdict.repeats.append(f"{words} came {len(copies)} times instead of {len(copies) - more}")
        if mine:
            verdict.uncertain[mine[0].kind, _became(more)] += 1
    return missing


def _cuts_of(chat: str, look: Look, cuts: Sequence[Cut], *, change: bool = False) -> list[Cut]:
    return [cut for cut in cuts if (cut.chat, cut.change) == (chat, change) and look.text in cut.texts]


def _became(more: int) -> str:
    return "came again" if more > 0 else "never came" if more < 0 else "came once"


def _cut_copies(copies: Sequence[Said], cuts: Sequence[Cut]) -> int:
    """How many copies were cut off, each by a death of its own."""
    left = list(cuts)
    for said in copies:
        if (cut := next((cut for cut in left if cut.hit(said)), None)) is not None:
            left.remove(cut)
    return len(cuts) - len(left)


def _same_in_the_end(
    calm: Seen, night: Seen, cuts: Sequence[Cut], missing: Counter[Key], verdict: Verdict
) -> None:
    """Rules 1 and 2: each message looks as it did, but for copies that nobody can know of any more."""
    left = Counter(missing)
    looks = Counter((said.chat, said.last) for said in night.said)
    lost = Counter((said.chat, said.first) for said in calm.said)
    lost -= Counter((said.chat, said.first) for said in night.said)
    for said in calm.said:
        if left[said.chat, said.act, said.first]:
            left[said.chat, said.act, said.first] -= 1
        elif looks[said.chat, said.last]:
            looks[said.chat, said.last] -= 1
        elif lost[said.chat, said.first]:  # a loss already
            lost[said.chat, said.first] -= 1
        elif _may_stay(said, cuts):
            verdict.uncertain[CHANGE, "never came"] += 1
        else:
            verdict.losses.append(f"{said.chat}: nothing looks like {said.last} in the end")
    for chat, menu in calm.menus.items():
        cut_off = sum(cut.chat == chat and not cut.texts for cut in cuts)
        if night.menus.get(chat) != menu and cut_off < DOUBTS:
            verdict.losses.append(f"{chat}: the menu is {night.menus.get(chat)} instead of {menu}")


def _may_stay(said: Said, cuts: Sequence[Cut]) -> bool:
    """Whether a message may look as it was before it was changed."""
    first = _cuts_of(said.chat, said.first, cuts)
    if first and len(first) >= MISSING[first[0].rule]:
        return True
    return len(_cuts_of(said.chat, said.last, cuts, change=True)) >= DOUBTS


def broken_off(calm: Seen, night: Seen, cuts: Sequence[Cut], who: str, act: int, complaint: str) -> Verdict:
    """The verdict about a night in which somebody waited in vain: excused if what did not come may be missing.

    It was waited for in the very act, or it has the button that is to be pressed in the next one.
    """
    until_then = Seen(tuple(said for said in calm.said if said.act <= act))
    found = Verdict()
    missing = _each_once(until_then, night, cuts, found)
    if any(chat == who and act - 1 <= when <= act for chat, when, _ in missing):
        return Verdict(uncertain=found.uncertain, broken_off=[complaint])
    return Verdict(losses=[complaint])


def _in_order(calm: Seen, night: Seen, missing: Counter[Key], lanes: Lanes, verdict: Verdict) -> None:
    """Rule 4. Copies may stand anywhere; the others in the calm night's order."""
    expected, got = _lines(calm, lanes), _lines(night, lanes)
    for place, looks in expected.items():
        there = iter(got.get(place, ()))
        count = Counter(got.get(place, ()))
        wanted = [look for look in looks if count[look] and not missing[(*place[:2], look)]]
        if not all(look in there for look in wanted):
            chat, act, _ = place
            came = " – ".join(map(str, got[place]))
            verdict.disorder.append(f"{chat}, act {act}: {came} instead of {' – '.join(map(str, wanted))}")


def _lines(of: Seen, lanes: Lanes) -> dict[tuple[str, int, int], list[Look]]:
    found: defaultdict[tuple[str, int, int], list[Look]] = defaultdict(list)
    for said in of.said:
        found[said.chat, said.act, lanes.get(said.first.text, 0)].append(said.first)
    return found


def told_wrongly(night: Seen, told: Iterable[tuple[str, str, int]]) -> list[str]:
    """What is wrong with a night of which it is written who is told what how often, at first or in the end."""
    return [
        f"{who} was told “{words}” {found} times instead of {times}"
        for who, words, times in told
        if (found := sum(said.chat == who and _says(said, words) for said in night.said)) != times
    ]


def _says(said: Said, words: str) -> bool:
    return words in said.first.text or words in said.last.text


def reminded(night: Seen, cancelled_in: int, words: Sequence[str], when: str) -> list[str]:
    """Rule 5: the reminders (by their words) of a session at that time that came in or after the act of cancelling."""
    return [
        f"{said.chat}, act {said.act}: {said.first}"
        for said in night.said
        if said.act >= cancelled_in
        and when in said.first.text
        and any(word in said.first.text for word in words)
    ]


def miscounted(tally: str, heads: int, cuts: Sequence[Cut]) -> list[str]:
    """Rule 6: what is wrong with a card that says "5 sent · 1 blocked the bot · 1 uncertain (not sent again)"."""
    counts = {word: int(count) for count, word in re.findall(r"(\d+) (\w+)", tally)}
    cut_off = len({cut.chat for cut in cuts if cut.kind == BroadcastWords.kind})
    if sum(counts.values()) == heads and counts.get("uncertain", 0) == cut_off:
        return []
    return [f"the broadcast's card says {tally!r} of {heads}, and {cut_off} were cut off in the air"]
