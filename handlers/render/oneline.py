"""Words for one-line commands that could not be read: the piece at fault, why, and the form that would do."""

from html import escape

from bot.services.messages.people import Problem
from bot.services.messages.studios import LineProblem
from bot.texts import Html, Speech, mark
from handlers.render.problems import Facts, word, words
from handlers.screen import Button, Screen, lines, renders

FORMS = {
    "studio": '/studio add beijing "Dazhongsi studio" Asia/Shanghai rooms=2 zh="大钟寺录音棚"',
    "studio change": '/studio change 7 rooms=3 address="..."',
    "studio close": '/studio close 7 room=2 2026-12-05..2026-12-06 reason="..."',
    "studio reopen": "/studio reopen 7",
    "newslots": "/newslots beijing 2026-12-01..2026-12-07 09:00,14:00,18:00 3h",
    "newslots weekly": "/newslots beijing weekly mo-fr 09:00,14:00,18:00 3h except=2026-12-25",
    "invite": "/invite staff beijing",
    "broadcast": "/broadcast approved city=beijing lang=zh | …",
}
"""An example of each command's one line."""

_LEADS: dict[str, tuple[str, str]] = {
    "studio": (mark("Guide me through it"), "newstudio:go"),
    "studio change": (mark("Show the studios"), "studios"),
    "studio close": (mark("Show the studios"), "studios"),
    "studio reopen": (mark("Show the studios"), "studios"),
    "newslots": (mark("Guide me through it"), "plan:go"),
    "newslots weekly": (mark("Guide me through it"), "plan:go"),
}
"""Where a command has a way by buttons: its label and data."""

PARTS = {
    "action": mark("what to do"),
    "city": mark("the city's code"),
    "name": mark("the name"),
    "zone": mark("the time zone"),
    "studio": mark("the studio's number"),
    "change": mark("what to change"),
    "rooms": mark("the number of rooms"),
    "room": mark("the room's number"),
    "reason": mark("the reason"),
    "setup": mark("the minutes of setting up"),
    "cleanup": mark("the minutes of cleaning up"),
    "address": mark("the address"),
    "map": mark("the map link"),
    "zh": mark("the Chinese name"),
    "en": mark("the English name"),
    "city_zh": mark("the city's Chinese name"),
    "city_en": mark("the city's English name"),
    "role": mark("the role"),
    "audience": mark("for whom it is"),
    "lang": mark("the language"),
    "text": mark("the text"),
    "dates": mark("the days"),
    "times": mark("the times of day"),
    "length": mark("the length"),
    "weekdays": mark("the days of the week"),
    "rrule": mark("the rule"),
    "ahead": mark("how many days ahead"),
    "template": mark("the number of what repeats"),
}
"""What the parts of a line are called."""


@renders(LineProblem)
def line_problem(message: LineProblem, say: Speech) -> Screen:
    """What is wrong, and the whole form."""
    problem = word(Problem(message.error, message.facts), say)
    form = FORMS.get(message.command, "")
    example = say.say("For example: {form}", form=Html(f"<code>{escape(form)}</code>")) if form else ""
    lead = _LEADS.get(message.command)
    buttons = ((Button(say.say(lead[0]), lead[1]),),) if lead else ()
    return Screen(lines(problem, example), buttons)


def _part(f: Facts, say: Speech) -> Html:
    name = f["part"]
    return say.say(PARTS[name]) if name in PARTS else Html(f"<code>{escape(name)}</code>")


def _token(f: Facts) -> Html:
    token = f["token"]
    short = token if len(token) <= 40 else token[:39] + "…"
    return Html(f"“{escape(short)}”")


def _expected(f: Facts, say: Speech, style: str = "or") -> Html:
    forms = [Html(f"<code>{escape(form)}</code>") for form in f["expected"]]
    return say.join(forms, "or") if style == "or" else say.join(forms)


@words("MissingPart")
def _(f: Facts, say: Speech) -> Html:
    if not f["expected"]:
        return say.say("Something is missing: {part}.", part=_part(f, say))
    return say.say(
        "Something is missing: {part}. It looks like this: {forms}",
        part=_part(f, say),
        forms=_expected(f, say),
    )


@words("ExtraPart")
def _(f: Facts, say: Speech) -> Html:
    if "|" in f["expected"]:
        return say.say("If {piece} is part of the text, put a | before the text.", piece=_token(f))
    return say.say(
        "{piece} is one word too many here. A name with spaces needs quotation marks around it.",
        piece=_token(f),
    )


@words("UnknownChoice")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "I do not know {piece} here. Possible: {choices}.", piece=_token(f), choices=_expected(f, say)
    )


@words("UnclosedQuote")
def _(f: Facts, say: Speech) -> Html:
    return say.say("The quotation mark at {piece} is never closed.", piece=_token(f))


@words("BadCityCode")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "{piece} cannot be a city's code. Take 2 to 24 letters a-z, digits or hyphens, such as {forms}.",
        piece=_token(f),
        forms=_expected(f, say),
    )


@words("BadStudioId")
def _(f: Facts, say: Speech) -> Html:
    return say.say("{piece} is not a studio's number. /studio lists them.", piece=_token(f))


@words("BadRooms")
def _(f: Facts, say: Speech) -> Html:
    return say.say("A studio has 1 to 20 rooms; I cannot read {piece} as such a number.", piece=_token(f))


@words("BadBuffer")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "Setting up and cleaning up take 0 to 240 minutes; I cannot read {piece} as that. It looks like this: {forms}",
        piece=_token(f),
        forms=_expected(f, say),
    )


@words("BadLink")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "{piece} is not a whole link. Copy it with the map’s “share” button; it begins with {forms}.",
        piece=_token(f),
        forms=_expected(f, say),
    )


@words("UnknownZone")
def _(f: Facts, say: Speech) -> Html:
    if not f["expected"]:
        return say.say(
            "{piece} is not a time zone. They are written like Asia/Shanghai or Europe/Berlin.",
            piece=_token(f),
        )
    return say.say(
        "{piece} is not a time zone. Do you mean {zones}?", piece=_token(f), zones=_expected(f, say)
    )


@words("UnknownOption")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "I do not know {piece} here. Possible: {choices}.",
        piece=_token(f),
        choices=_expected(f, say, "and"),
    )


@words("RepeatedOption")
def _(f: Facts, say: Speech) -> Html:
    return say.say("{piece} is there twice; please say it once.", piece=_token(f))


@words("TooLong")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "Too long: {part} has {length} characters, and {limit} fit.",
        part=_part(f, say),
        length=f["length"],
        limit=f["limit"],
    )


@words("BadDate")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "{piece} is not a day of the calendar. Days look like this: {forms}",
        piece=_token(f),
        forms=_expected(f, say),
    )


@words("DatesReversed")
def _(f: Facts, say: Speech) -> Html:
    return say.say("The last day comes before the first. Do you mean {forms}?", forms=_expected(f, say))


@words("SpanTooLong")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "These are {days} days; at most {limit} fit into one plan, for example {forms}.",
        days=f["days"],
        limit=f["limit"],
        forms=_expected(f, say),
    )


@words("BadTime")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "I cannot read {piece} as a time of day. Times look like this: {forms}",
        piece=_token(f),
        forms=_expected(f, say),
    )


@words("RepeatedTime")
def _(f: Facts, say: Speech) -> Html:
    return say.say("The time {piece} is there twice; please name it once.", piece=_token(f))


@words("TooManyTimes")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "These are {count} times a day; at most {limit} fit. Please choose fewer.",
        count=f["count"],
        limit=f["limit"],
    )


@words("BadLength")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "I cannot read {piece} as a length of up to 12 hours. Lengths look like this: {forms}",
        piece=_token(f),
        forms=_expected(f, say),
    )


@words("OverlappingTimes")
def _(f: Facts, say: Speech) -> Html:
    first, second = str(f["first"])[:5], str(f["second"])[:5]
    if f["next_day"]:
        return say.say(
            "A session from {first} is not over when the next morning's begins at {second}. "
            "Take fewer times or a shorter length.",
            first=first,
            second=second,
        )
    return say.say(
        "A session from {first} is not over when the next one begins at {second}. "
        "Take other times or a shorter length.",
        first=first,
        second=second,
    )


@words("BadWeekday")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "I cannot read {piece} as days of the week. They look like this: {forms}",
        piece=_token(f),
        forms=_expected(f, say),
    )


@words("BadRule")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "{piece} cannot be part of a rule for days. It looks like this: {forms}",
        piece=_token(f),
        forms=_expected(f, say),
    )


@words("BadAhead")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "Times can be laid out 1 to 92 days ahead; I cannot read {piece} as that. It looks like this: {forms}",
        piece=_token(f),
        forms=_expected(f, say),
    )


@words("BadTemplateId")
def _(f: Facts, say: Speech) -> Html:
    return say.say("{piece} is not a number of what repeats. The list shows them.", piece=_token(f))


@words("TooManyExceptions")
def _(f: Facts, say: Speech) -> Html:
    return say.say(
        "That would leave out {count} days; at most {limit} fit. Better end it and plan it anew.",
        count=f["count"],
        limit=f["limit"],
    )
