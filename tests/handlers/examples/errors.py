"""Every domain error that can reach a person, as the message that words it."""

from datetime import time, timedelta

from bot.rules import closures as closure_rules
from bot.rules import errors as rules
from bot.rules import oneline, recurrence, slots
from bot.rules import templates as template_rules
from bot.rules.errors import DomainError
from bot.rules.pairing import Obstacle
from bot.rules.review import Obstacle as ReviewObstacle
from bot.rules.roles import Role
from bot.rules.states import (
    BatchState,
    BookingState,
    BroadcastState,
    ClosureState,
    SampleState,
    SlotState,
    TemplateState,
    WaitState,
)
from bot.rules.week import NoSuchChoice
from bot.services.booking import bookings, ledger, moving, no_shows, reserves, strikes, waitlist, wishing
from bot.services.calendars import links
from bot.services.coordinating import broadcasts, lifting, quarantine
from bot.services.joining import invitations, onboarding
from bot.services.messages import Message
from bot.services.messages.people import Problem
from bot.services.messages.studios import LineProblem
from bot.services.pairing import by_hand, matches, pairs, partner_links, pool, proposals
from bot.services.reviewing import appeals, review_groups, reviewers, votes
from bot.services.sampling import samples
from bot.services.studio import (
    announcing,
    batches,
    closures,
    duty,
    shifts,
    studio_changes,
    studio_draft,
    studios,
    templates,
    understaffed,
    waves,
)
from handlers import switchboard
from handlers.render.oneline import FORMS, PARTS
from tests.handlers.examples.common import LATER, NAME, NOW, ZONE

TYPED = "<b>&" * 20
FORM = ("beijing", "3h")

LINES: tuple[oneline.CommandError, ...] = (
    *(oneline.MissingPart("", FORM, part) for part in PARTS),
    oneline.MissingPart("", (), "sess<b>&"),
    oneline.ExtraPart(TYPED, ()),
    oneline.ExtraPart(TYPED, ("city=", "lang=", "|")),
    oneline.UnknownChoice(TYPED, FORM, "role"),
    oneline.UnclosedQuote(TYPED, ()),
    oneline.BadCityCode(TYPED, FORM),
    oneline.BadStudioId(TYPED, FORM),
    oneline.BadRooms(TYPED, FORM),
    oneline.BadLink(TYPED, FORM),
    oneline.UnknownZone(TYPED, (ZONE,)),
    oneline.UnknownZone(TYPED, ()),
    oneline.UnknownOption(TYPED, FORM),
    oneline.RepeatedOption(TYPED, ()),
    oneline.TooLong(TYPED, (), "address", 400, 300),
    slots.BadDate(TYPED, FORM),
    slots.DatesReversed(TYPED, FORM),
    slots.SpanTooLong(TYPED, FORM, 100, 92),
    slots.BadTime(TYPED, FORM),
    slots.RepeatedTime("09:00", ()),
    slots.TooManyTimes(TYPED, (), 30, 24),
    slots.BadLength(TYPED, FORM),
    slots.OverlappingTimes(TYPED, (), time(9), time(10), False),
    slots.OverlappingTimes(TYPED, (), time(22), time(0, 30), True),
    oneline.BadBuffer(TYPED, FORM),
    closure_rules.BadSpan(TYPED, FORM),
    closure_rules.SpanReversed(TYPED, FORM),
    closure_rules.ClosedTooLong(TYPED, (), 366),
    recurrence.BadWeekday(TYPED, FORM),
    recurrence.BadRule(TYPED, FORM),
    template_rules.BadAhead(TYPED, FORM),
    template_rules.BadTemplateId(TYPED, FORM),
    template_rules.TooManyExceptions(TYPED, (), 120, 100),
)
"""What can be wrong with a one-line command."""

PROBLEMS: tuple[DomainError, ...] = (
    *(switchboard.NotYourRole(role.value) for role in Role),
    switchboard.StaleButton(),
    switchboard.PrivateMatter(),
    switchboard.ForwardedCommand(),
    switchboard.UnknownCommand("/" + TYPED),
    rules.NotABirthYear(),
    rules.ImpossibleBirthYear(1906, 2026),
    rules.UnderAge(18),
    rules.NameMissing(),
    rules.NameTooLong(64, 80),
    onboarding.NotOffered(),
    NoSuchChoice(),
    onboarding.LanguagesMissing(),
    *(kind() for kind in (invitations.InvitationUnknown, invitations.InvitationUsed)),
    *(kind() for kind in (invitations.InvitationExpired, invitations.OwnInvitation)),
    samples.Forwarded(),
    samples.AlreadyApproved(),
    samples.HeardBefore(),
    samples.FileTooLarge(20_000_000, 25_400_000),
    samples.SampleUnderWay("received"),
    samples.SampleUnderWay("in_review"),
    *(samples.NothingToAnswer(state.value) for state in SampleState if state != SampleState.RECEIVED),
    rules.NotYours(),
    rules.AttemptsUsedUp(LATER),
    rules.AttemptsUsedUp(None),
    rules.ReasonMissing(),
    rules.NotRejected(),
    rules.AlreadyAppealed(),
    appeals.RecordingErased(),
    *(
        reviewers.CannotReview(why, "zh")
        for why in ("role", "taken", *ReviewObstacle)
        if why not in (ReviewObstacle.PAUSED, ReviewObstacle.UNREACHABLE)  # who presses is there
    ),
    votes.ReviewOver("approved", True),
    votes.ReviewOver("rejected", False),
    *(votes.ReviewOver(how, None) for how in ("withdrawn", "skipped", "expired", "gone")),
    votes.VotedAlready(),
    review_groups.NotAGroup(),
    review_groups.NotReviewedHere(),
    partner_links.QuestionsFirst(),
    partner_links.InviterPaired(NAME),
    *(partner_links.CannotPair(NAME, obstacle.value) for obstacle in Obstacle),
    by_hand.NotFreeNow(NAME),
    by_hand.PairNotPossible(),
    *(kind() for kind in (pool.NotApprovedYet, pool.ConsentLapsed, pool.NotInPool)),
    pool.HasPartner(NAME),
    pairs.AlreadyPaired(None),
    pairs.AlreadyParted(),
    matches.ProposalNotYours(),
    *(
        matches.ProposalClosed(outcome, NAME)
        for outcome in ("paired", "parted", "you_declined", "declined", "unanswered", "over")
    ),
    proposals.Engaged(),
    *(rules.SlotNotOpen(state.value) for state in SlotState),
    rules.PairNotActive(),
    rules.TooLate(NOW),
    rules.Blocked(1, LATER),
    rules.Blocked(1, None),
    bookings.ApprovalNeeded(),
    bookings.PartnerNeeded(),
    *(bookings.BookingBlocked(you, until) for you in (True, False) for until in (LATER, None)),
    links.NoPublicPages(),
    *(kind() for kind in (bookings.SlotTaken, bookings.SlotYours, moving.MoveUnderWay)),
    *(
        kind()
        for kind in (reserves.NoReserves, reserves.ReserveFull, reserves.ReserveBusy, reserves.NotInReserve)
    ),
    bookings.AlreadyBooked(True),
    bookings.AlreadyBooked(False),
    *(bookings.BookingOver(state) for state in (*BookingState, "started", "left")),
    strikes.StrikeGone(),
    lifting.ReasonTooLong(200, 250),
    ledger.LedgerMoved(),
    no_shows.MissingTooSoon(),
    waitlist.NotWaiting(),
    wishing.WishDayOver(),
    waves.KeptForFirst(1, LATER),
    waves.KeptForFirst(1, None),
    *(waitlist.OfferOver(state.value) for state in WaitState if state != WaitState.OFFERED),
    studios.NoStudioYet(),
    studios.UnknownCity("<b>&", ("beijing", "sydney")),
    studios.UnknownStudio(7, (1, 2)),
    studios.UnknownStudio(7, ()),
    studios.StudioExists(NAME, 7),
    studios.StudioIsClosed(7),
    studio_changes.ZoneInUse(1, ZONE),
    studio_changes.ZoneInUse(3, ZONE),
    studio_draft.StepOver(),
    batches.NothingToPlan(1, 0, 0),
    batches.NothingToPlan(0, 1, 0),
    batches.NothingToPlan(1, 1, 1),
    batches.NothingToPlan(0, 0, 0, 2),
    batches.TooManySlots(900, 500),
    closures.UnknownRoom(3, 1),
    closures.UnknownRoom(3, 2),
    closures.ClosurePast(),
    closures.UnknownClosure(),
    *(closures.ClosureOver(state.value) for state in ClosureState if state != ClosureState.PREVIEW),
    templates.NothingRepeats(),
    templates.UnknownTemplate(7, (1, 2)),
    templates.UnknownTemplate(7, ()),
    *(templates.TemplateOver(7, state.value) for state in TemplateState),
    templates.NotItsDay(7),
    batches.UnknownBatch(),
    *(batches.BatchOver(state.value) for state in BatchState if state != BatchState.PREVIEW),
    *(batches.BatchNotOpened(state.value) for state in BatchState if state != BatchState.OPENED),
    batches.NobodyToAsk(0, "beijing"),
    batches.NobodyToAsk(2, "beijing"),
    batches.JustAsked(),
    batches.NothingLacking(),
    announcing.NothingOpen(),
    announcing.JustAnnounced(),
    *(kind() for kind in (shifts.NotYourShift, shifts.SeatsFilled)),
    understaffed.NothingToDecide(),
    duty.NotYourCity(),
    duty.DaysPast(),
    duty.TooManyDaysOff(20),
    duty.UnknownDaysOff(),
    shifts.ShiftOver("cancelled"),
    shifts.ShiftOver("running"),
    shifts.ShiftOverlap(NOW, NOW + timedelta(hours=3), ZONE),
    broadcasts.NoSuchBroadcast(),
    *(quarantine.NotSetAside(10**9, state) for state in ("new", "done", "dropped", "unread", "unknown")),
    broadcasts.NobodyThere(),
    *(broadcasts.BroadcastOver(state.value) for state in BroadcastState),
)
"""What the domain refuses."""

EXAMPLES: tuple[Message, ...] = (
    *(Problem(type(error).__name__, error.data, ZONE) for error in PROBLEMS),
    *(Problem(type(error).__name__, error.data, ZONE) for error in LINES),
    *(LineProblem(command, "UnclosedQuote", oneline.UnclosedQuote(TYPED, ()).data) for command in FORMS),
    LineProblem("", "UnclosedQuote", oneline.UnclosedQuote(TYPED, ()).data),
)
