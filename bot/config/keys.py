"""Every key of the policy file: what it is for, and the numbers it may hold.

Types and defaults stand with the policy's classes; this is what the example file and mistakes are told from.
"""

from collections.abc import Mapping
from dataclasses import dataclass

KEY_LIMIT = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Key:
    """One key: what it means, and the least and greatest number it takes."""

    about: str
    low: float = 0
    high: float = KEY_LIMIT


TABLES: Mapping[str, str] = {
    "sample": "What a sample must be, and how many of them a person may send.",
    "sample.checks": "Limits of the checks that every sample passes first; 0 turns one off.",
    "review": "Who decides about a sample, and how long they may take.",
    "pairing": "Finding partners among the approved.",
    "booking": "Slots, deadlines and strikes.",
    "reminders": "When people are reminded of their session.",
    "session": "What is recorded in one session.",
    "pay": "Money, in the smallest unit of the currency.",
    "telegram": "How fast messages are sent; 0 turns a limit off.",
    "retention": "How long what nobody needs any more is kept.",
}

KEYS: Mapping[str, Key] = {
    "sample.min": Key("shortest sample"),
    "sample.max": Key("longest sample"),
    "sample.attempts": Key("samples a person may send within attempt_window; 0: as many as they like"),
    "sample.attempt_window": Key('time after which an attempt no longer counts; "": never'),
    "sample.checks.loudness": Key("quieter is refused, in LUFS (below zero)", -100, 0),
    "sample.checks.loudness_warn": Key("quieter is a warning, in LUFS (below zero)", -100, 0),
    "sample.checks.clipping": Key(
        "flatter tops are refused (1 is flat, clean speech has 1.7 or more)", 0, 10
    ),
    "sample.checks.clipping_warn": Key("flatter tops are a warning", 0, 10),
    "sample.checks.noise": Key("speech that stands less above the noise is refused, in dB", 0, 100),
    "sample.checks.noise_warn": Key("speech that stands less above the noise is a warning, in dB", 0, 100),
    "sample.checks.bandwidth": Key("a narrower band is refused, in Hz (a telephone has 3400)", 0, 48000),
    "sample.checks.bandwidth_warn": Key("a narrower band is a warning, in Hz", 0, 48000),
    "sample.checks.speech": Key("less speech is refused, as a share of the time", 0, 1),
    "sample.checks.silence": Key("a longer silence is refused"),
    "sample.checks.one_voice": Key("voices more alike are refused as one, 0 to 1", 0, 1),
    "sample.checks.one_voice_note": Key("voices more alike are noted for the reviewers", 0, 1),
    "sample.checks.balance": Key("less said by one of the two is refused, as a share of the talk", 0, 0.5),
    "sample.checks.balance_warn": Key("less said by one of the two is a warning", 0, 0.5),
    "sample.checks.turn": Key('a longer turn of one voice is a warning; "": never'),
    "sample.checks.loops": Key("whether a recording that repeats itself is refused"),
    "sample.checks.third_voice": Key("a stronger hint of a third voice is noted, 0 to 1", 0, 1),
    "sample.checks.synthetic": Key("a stronger hint of machine voices is noted, 0 to 1", 0, 1),
    "sample.checks.quality": Key("a lower predicted quality is noted, 1 (bad) to 5", 0, 5),
    "sample.checks.damage": Key("more damage is refused, as a share of the file", 0, 1),
    "review.panel": Key("reviewers who hear each sample first", 1, 100),
    "review.cross_review": Key("when one more decides: disagreement, or any-rejection"),
    "review.nudge_after": Key('a silent reviewer is reminded after; "": never'),
    "review.reassign_after": Key('a silent reviewer is replaced after; "": never'),
    "pairing.every": Key("time between two rounds of matching"),
    "pairing.accept_within": Key("time to say yes to a proposal"),
    "pairing.again_after": Key('a no keeps two people apart for so long; "": for good'),
    "pairing.repeat": Key("whether two people who were partners may be proposed again"),
    "booking.hold": Key("time the partner has to confirm; the slot is held meanwhile"),
    "booking.min_notice": Key("a slot can be booked until so long before it starts"),
    "booking.cancel_until": Key("free to cancel or move until so long before; later is a strike"),
    "booking.strikes": Key("strikes that block a person; 0: nobody is blocked"),
    "booking.block_for": Key('how long strikes block; "": for good'),
    "booking.rescue": Key("time to find a stand-in when the partner cancels"),
    "booking.staff": Key("staff who must confirm a slot before it opens; 0: nobody needed"),
    "booking.ask_next": Key(
        'staff are asked by load, the next one where somebody has not answered for so long; "": everybody at once'
    ),
    "booking.wave": Key('head start of those who waited longest, where times open in waves; "": no waves'),
    "booking.reserve": Key(
        "pairs in reserve for a day in each city, asked first when a time is freed late; 0: none"
    ),
    "reminders.offsets": Key("times before the start: the first asks who comes, the last has the address"),
    "reminders.confirm_by": Key('without an answer so long before, coordinators are told; "": never'),
    "reminders.quiet": Key('no reminder between, by the studio\'s clock, but imminent ones; "": none'),
    "session.free_talk": Key("free talk"),
    "session.topic_max": Key("longest time on one topic"),
    "session.prompts": Key("prompted dialogues"),
    "pay.currency": Key("three letters of ISO 4217"),
    "pay.session": Key("base pay of each person for one session"),
    "pay.show_up": Key("for who was ready when the partner fell out late and nobody stood in; 0: nothing"),
    "pay.second_approval": Key("deductions above need another staff member"),
    "pay.dispute": Key("time a person has to dispute a deduction"),
    "telegram.per_second": Key("messages a second over all chats"),
    "telegram.per_chat": Key("messages a second to one chat"),
    "telegram.burst": Key("messages to one chat that may go at once"),
    "telegram.per_group": Key("messages a minute to one group"),
    "retention.rejected_audio": Key('audio of rejected samples, pictures of refused ones; "": for ever'),
    "retention.chat_log": Key('messages between people and the bot; "": for ever'),
}
