"""Every handler, connected."""

from typing import Any

from telegram.ext import Application

from handlers import (
    booking,
    broadcast,
    calendars,
    closure,
    duty,
    everyone,
    invite,
    no_show,
    onboarding,
    overview,
    partner,
    people,
    pool,
    review_group,
    reviewer,
    sample,
    slots_admin,
    staff,
    studio,
)
from handlers.context import Context
from handlers.otherwise import Otherwise
from handlers.switchboard import Switchboard

SUBJECTS = (
    everyone,
    broadcast,
    calendars,
    closure,
    onboarding,
    overview,
    sample,
    reviewer,
    review_group,
    partner,
    pool,
    booking,
    studio,
    slots_admin,
    staff,
    duty,
    people,
    invite,
    no_show,
)


def make() -> Switchboard:
    """The switchboard with every command, verb and typed answer."""
    board = Switchboard()
    for subject in SUBJECTS:
        subject.connect(board)
    return board


def connect(application: Application[Any, Context, Any, Any, Any, Any]) -> None:
    """Let the Application serve everything on the board."""
    board = make()
    rest = Otherwise(board)
    board.connect(application, otherwise=rest.message, member=rest.member)
