"""What only bookings have: a calendar file in the reader's language, and buttons that name their session."""

from datetime import UTC, timedelta

from icalendar import Calendar

from bot.services.messages import bookings as m
from bot.services.messages.slots import SlotsOpened
from bot.texts import speech
from handlers.render import screen
from handlers.render.openings import ON_ANNOUNCEMENTS
from tests.handlers.examples import EXAMPLES
from tests.handlers.examples.common import LATER, NEXT, NOW, SLOT, TAKEN

EN = speech("en")


def test_the_calendar_file_is_the_session() -> None:
    """Name, number, state, time and place, in the reader's language; cancelled under another file name."""
    made = screen(m.CalendarFile("booking-7@duologue", 4, SLOT, NOW, cancelled=True), speech("zh"))
    assert made.attachment is not None
    assert made.attachment.name == "session-cancelled.ics"
    (event,) = Calendar.from_ical(made.attachment.data).walk("VEVENT")
    facts = (event["UID"], event["SEQUENCE"], event["STATUS"], event["DTSTART"].dt.astimezone(UTC))
    assert facts == ("booking-7@duologue", 4, "CANCELLED", SLOT.starts_at)
    assert SLOT.studio["zh"] in event["LOCATION"]
    assert SLOT.address in event["LOCATION"]


def test_free_times_are_pressed_to_take_them_or_to_wait() -> None:
    """What is taken leads to the waitlist, where nothing suits one waits for another; a move names its booking."""
    page = m.FreeTimes((SLOT, TAKEN), "Bo", timedelta(minutes=30), later=LATER, first=False)
    later = int(LATER.timestamp())
    assert [[b.data for b in row] for row in screen(page, EN).buttons] == [
        [f"book:{SLOT.slot_id}", f"wait:{TAKEN.slot_id}"],
        ["times:0", f"times:{later}"],
        ["wait:any"],
    ]
    moving = m.FreeTimes((NEXT,), "Bo", None, later=LATER, moving=m.Moving(7, SLOT))
    assert [[b.data for b in row] for row in screen(moving, EN).buttons] == [
        [f"book:{NEXT.slot_id}:7"],
        [f"times:{later}:7"],
    ]


def test_my_bookings_list_every_open_question() -> None:
    """Each with the buttons that its state allows."""
    lines = (
        m.BookingLine(1, SLOT, "held", "Bo", "hold", LATER),
        m.BookingLine(2, SLOT, "held", "Bo", "", LATER),
        m.BookingLine(3, SLOT, "confirmed", "Bo", "attend"),
        m.BookingLine(4, SLOT, "attending", "Bo"),
        m.BookingLine(5, SLOT, "checked_in", "Bo"),
        m.BookingLine(6, SLOT, "rescue", "", "", LATER),
    )
    waits = (m.WaitLine(8, SLOT, 2), m.WaitLine(9, NEXT, 1, LATER))
    made = screen(m.MyBookings(lines, waits), EN)
    assert [[b.data for b in row] for row in made.buttons] == [
        ["hold:1:yes", "hold:1:no"],
        ["cancel:2"],
        ["attend:3:yes", "attend:3:no"],
        ["move:3", "cancel:3"],
        ["move:4", "cancel:4"],
        ["cancel:6"],
        [f"wait:{SLOT.slot_id}:leave"],
        ["offer:9:yes", "offer:9:no"],
    ]
    assert [row[0].label.startswith("Tue") for row in made.buttons[:-1]] == [True] * 7


def test_the_choice_of_a_stand_in_is_offered_only_while_there_is_time() -> None:
    """For both, only oneself, not after all; without time for a search, or for a hold, two are left."""
    choices = {
        name: [row[0].data.rpartition(":")[2] for row in screen(message, EN).buttons]
        for name, message in {
            "time": m.CancelAsked(7, SLOT, "Bo", costs_strike=False, leave_until=LATER),
            "late": m.CancelAsked(7, SLOT, "Bo", costs_strike=True, strikes=m.Strikes(0, 2)),
        }.items()
    }
    assert choices == {"time": ["all", "me", "keep"], "late": ["all", "keep"]}
    hold = screen(m.CancelAsked(7, SLOT, "Bo", costs_strike=False, hold=True), EN)
    assert [[b.data for b in row] for row in hold.buttons] == [["cancel:7:all", "cancel:7:keep"]]


def test_every_button_of_an_announcement_is_known_as_one() -> None:
    """Only presses that begin like that are looked up to count who opened an announcement."""
    announcements = [example for example in EXAMPLES if isinstance(example, SlotsOpened)]
    pressed = {b.data for one in announcements for row in screen(one, EN).buttons for b in row if b.data}
    assert {one.paired for one in announcements} == {True, False}
    assert [data for data in pressed if not data.startswith(ON_ANNOUNCEMENTS)] == []
