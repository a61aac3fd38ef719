"""Who may use which commands. Roles add up; the owner is the coordinator that the configuration names."""

from collections.abc import Iterable
from enum import StrEnum


class Role(StrEnum):
    """What a person may be beside somebody who records."""

    APPLICANT = "applicant"
    REVIEWER = "reviewer"
    STAFF = "staff"
    COORDINATOR = "coordinator"


EVERYONE = ("start", "help", "language", "cancel", "privacy")

COMMANDS: dict[Role, tuple[str, ...]] = {
    Role.APPLICANT: ("sample", "status", "partner", "slots", "bookings"),
    Role.REVIEWER: ("queue", "pause", "resume"),
    Role.STAFF: ("today",),
    Role.COORDINATOR: (
        "studio",
        "newslots",
        "openings",
        "broadcast",
        "pending",
        "stats",
        "people",
        "invite",
        "reviewers",
    ),
}
"""The commands of each role that exist today, in the order of the menu."""


def commands_for(roles: Iterable[Role]) -> tuple[str, ...]:
    """The command menu of somebody with these roles: the working roles first, everyone's commands last."""
    held = set(roles)
    order = (Role.COORDINATOR, Role.REVIEWER, Role.STAFF, Role.APPLICANT)
    own = tuple(command for role in order if role in held for command in COMMANDS[role])
    return own + EVERYONE
