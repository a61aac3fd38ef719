"""What the domain's values are called."""

from bot.texts import Speech, mark

COMMANDS = {
    "start": mark("Begin, or go on where you left off"),
    "help": mark("What this is and what you can do"),
    "language": mark("English or Chinese"),
    "cancel": mark("Stop what you are doing"),
    "privacy": mark("What you agreed to"),
    "sample": mark("Send a voice sample"),
    "status": mark("Where you stand"),
    "partner": mark("Find a partner"),
    "slots": mark("Free studio times"),
    "bookings": mark("Your bookings"),
    "queue": mark("Samples waiting for you"),
    "pause": mark("No new samples for now"),
    "resume": mark("Get new samples again"),
    "today": mark("Your shifts"),
    "studio": mark("Studios: add, change, list, close"),
    "newslots": mark("Plan new studio times"),
    "openings": mark("What is free, and announce it again"),
    "broadcast": mark("Write to many people at once"),
    "pending": mark("What needs a human"),
    "stats": mark("How it goes, in numbers"),
    "people": mark("Find somebody and see the whole story"),
    "invite": mark("Invite reviewers, staff, coordinators"),
    "reviewers": mark("Where reviewing happens: a group or private chats"),
}
"""What each command does, in a few words."""

ROLES = {
    "applicant": mark("applicants"),
    "reviewer": mark("reviewers"),
    "staff": mark("studio staff"),
    "coordinator": mark("coordinators"),
}

PURPOSES = {
    "review": mark("review"),
    "recording": mark("recording"),
    "training": mark("training"),
    "cloning": mark("voice cloning"),
    "excerpt": mark("excerpt for a partner"),
}

GENDERS = {"woman": mark("Woman"), "man": mark("Man"), "nonbinary": mark("Non-binary")}

WISHES = {"any": mark("Anybody"), "woman": mark("A woman"), "man": mark("A man")}

DIALECTS = {
    "mandarin": mark("Standard Mandarin"),
    "northeastern": mark("Northeastern"),
    "sichuan": mark("Sichuan"),
    "wu": mark("Wu (Shanghai, Suzhou)"),
    "min": mark("Min (Fujian, Taiwan)"),
    "hakka": mark("Hakka"),
    "american": mark("American"),
    "british": mark("British"),
    "australian": mark("Australian"),
    "indian": mark("Indian"),
    "other": mark("Another"),
}

STRIKES = {
    "late_cancel": mark("cancelled late"),
    "silent": mark("no answer"),
    "no_show": mark("did not come"),
}
"""What a strike was noted for."""

REASONS = {
    "noise": mark("noise"),
    "quiet": mark("too quiet"),
    "unnatural": mark("unnatural"),
    "flat": mark("flat mood"),
    "monologue": mark("one talks, one listens"),
    "overtalk": mark("talking over each other"),
    "thin": mark("little substance"),
    "language": mark("wrong language"),
    "other": mark("something else"),
}
"""Why a reviewer rejects."""


def command_menu(commands: tuple[str, ...], say: Speech) -> tuple[tuple[str, str], ...]:
    """The commands with what they do."""
    return tuple((name, say.say(COMMANDS[name])) for name in commands)
