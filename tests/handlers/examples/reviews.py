"""Reviewers' cards and commands, the verdict, and what coordinators must know."""

from dataclasses import replace

from bot.rules.review import Reason
from bot.services.messages import Message
from bot.services.messages import reviews as m
from bot.services.messages.partners import Contact
from tests.handlers.examples.common import CONTACT, GROUP, LATER, NAME, NOW, ZONE
from tests.handlers.examples.samples import NOTES, PICTURES, WARNINGS

REASONS = tuple(reason.value for reason in Reason)
PLAYBACK = m.Playback(10**9, "AwAC", "voice", "key", "zh", 151.2)
COPIES = (m.Copy(7, 151.0, linked=True), m.Copy(8, 20.5, linked=False), m.Copy(9, 20.5, linked=False))
WARNED = m.Playback(2, "AwAC", "audio", None, "en", None, WARNINGS, appeal=True, notes=NOTES, copies=COPIES)
NOTED = replace(WARNED, warnings=())

EXAMPLES: tuple[Message, ...] = (
    m.ReviewCard("12", PLAYBACK),
    m.ReviewCard("12", WARNED, seat="cross", nudged=True, until=LATER, zone=ZONE),
    m.ReviewCard("12", WARNED, seat="judge", nudged=True),
    m.ReviewCard("12", NOTED, approve=True),
    m.ReviewCard(
        "12", WARNED, seat="cross", approve=False, reasons=REASONS, nudged=True, until=LATER, zone=ZONE
    ),
    m.ReviewCard("12", PLAYBACK, approve=True),
    m.ReviewCard("12", PLAYBACK, approve=False, reasons=REASONS),
    m.ReviewCard("12", PLAYBACK, ticking=()),
    m.ReviewCard("12", PLAYBACK, seat="judge", ticking=("noise",)),
    m.GroupCard("g12", PLAYBACK, 0, 2),
    m.GroupCard("g12", WARNED, 2, 2, cross=True, nudged=True),
    m.ReviewClosed("decided", PLAYBACK, True, "panel", (), True),
    m.ReviewClosed("decided", PLAYBACK, False, "cross-review", REASONS, False),
    m.ReviewClosed("decided", PLAYBACK, False, "coordinator", REASONS),
    *(m.ReviewClosed(how, PLAYBACK) for how in ("skipped", "expired", "moved", "private", "withdrawn")),
    *(m.ReviewPicture(1, picture) for picture in PICTURES),
    m.SameRecording(9, NAME, CONTACT, 8, GROUP, Contact(700_003), 151.0),
    m.SampleApproved(1),
    m.SampleApproved(1, appeal=True),
    m.SampleRejected(1, REASONS, 2, can_appeal=True),
    m.SampleRejected(1, ("noise",), 1, appealed=True),
    m.SampleRejected(1, ("noise",), 1, appeal=True),
    m.SampleRejected(1, ("noise",), 0, LATER, ZONE, can_appeal=True),
    m.SampleRejected(1, ("other",), 0),
    m.SampleRejected(1, ("other",), None),
    m.AppealTaken(1),
    m.ReviewersMissing(1, "zh", 1, 2),
    m.ReviewersMissing(1, "zh", 2, 2, appeal=True),
    m.ReviewersMissing(1, "en", 1, 3, cross=True),
    m.GroupSilent(1, GROUP, 1, 2, NOW, ZONE),
    m.GroupLost(GROUP),
    m.QueueShown(1),
    m.QueueShown(5, left_out=3, paused=True),
    m.QueueEmpty(),
    m.QueueEmpty(paused=True, group=GROUP),
    m.ReviewingPaused(0),
    m.ReviewingPaused(1),
    m.ReviewingPaused(2),
    m.ReviewingResumed(),
    m.GroupStarted(0),
    m.GroupStarted(3),
    m.GroupEnded(before=True),
    m.GroupEnded(before=False),
    m.GroupState(GROUP, here=True, private_chat=False),
    m.GroupState(GROUP, here=False, private_chat=True),
    m.GroupState(GROUP, here=False, private_chat=False),
    m.GroupState("", here=False, private_chat=True),
    m.GroupState("", here=False, private_chat=False),
)
