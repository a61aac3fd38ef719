"""Words of `/people`: whom to look for, and who was found."""

from bot.services.messages import stories as m
from bot.texts import Speech
from handlers.screen import Button, Screen, paragraphs, renders, rows


@renders(m.AskPerson)
def ask_person(_message: m.AskPerson, say: Speech) -> Screen:
    """Typed, or a list."""
    text = say.say("🔎 Whom are you looking for? Type a part of the name, @username or a number.")
    return Screen(text, (_lists(say),))


def _lists(say: Speech) -> tuple[Button, ...]:
    return (
        Button(say.say("Seen lately"), "folks:recent"),
        Button(say.say("With strikes"), "folks:strikes"),
    )


@renders(m.FoundPeople)
def found_people(message: m.FoundPeople, say: Speech) -> Screen:
    """Who was found, each with a button."""
    if not message.people:
        text = say.say("Nobody has strikes now.")
        if not message.view:
            text = say.say(
                "Nobody is found by “{words}”. Type something else: a part of the name, @username or a number.",
                words=message.query,
            )
        return Screen(text, (_lists(say),))
    titles = {"recent": say.say("👤 Seen lately:"), "strikes": say.say("⚠️ With strikes:")}
    title = titles.get(message.view) or say.say("👤 Found by “{words}”:", words=message.query)
    more = ""
    if message.more:
        more = say.say_n(
            "One more fits: look for more words.", "{n} more fit: look for more words.", message.more
        )
    buttons = [Button(_label(one, say), f"person:{one.person_id}:card") for one in message.people]
    again = Button(say.say("🔎 Look for somebody else"), "folks:find")
    return Screen(paragraphs(title, more), (*rows(buttons, 1), (again,)))


def _label(one: m.Found, say: Speech) -> str:
    name = one.name if len(one.name) <= 30 else one.name[:29] + "…"
    handle = f" @{one.username}" if one.username else ""
    return say.say("👤 {name}{handle}", name=name, handle=handle)
