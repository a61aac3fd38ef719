"""Words of the way to a new studio, question by question, and of invitations."""

from html import escape

from bot.services.messages import studios as m
from bot.services.messages.people import CityChoice
from bot.texts import Html, Speech, verbatim
from handlers.render.problems import Facts, words
from handlers.screen import Button, Rows, Screen, lines, paragraphs, renders, rows

# --- being led through a new one


@renders(m.AskStudio)
def ask_studio(message: m.AskStudio, say: Speech) -> Screen:
    """One question; typed answers work as well as the buttons."""
    if message.step == "done":
        return _summary(message, say)
    new = say.say("➕ A new studio. In which city? Type a short code for it, such as beijing.")
    known = say.say(
        "➕ A new studio. In which city? Take one, or type the code of a new one, such as beijing."
    )
    asks = {
        "city": known if message.cities else new,
        "city_names": say.say(
            "What is {city} called? Type it in both languages: Beijing / 北京",
            city=message.answers.get("city"),
        ),
        "name": say.say(
            "What is the studio called? In both languages if you like: Dazhongsi studio / 大钟寺录音棚"
        ),
        "zone": say.say("In which time zone is it? Choose one, or type another, such as Europe/Berlin."),
        "rooms": say.say("How many rooms does it have?"),
        "address": say.say("What is the address? People get it before their session."),
        "map": say.say("A link to a map? Paste it here."),
    }
    leave = say.say("/cancel stops this.") if message.step == "city" else ""
    return Screen(lines(asks[message.step], leave), (*_choices(message, say), *_way(message, say)))


def _choices(message: m.AskStudio, say: Speech) -> Rows:
    data = f"newstudio:{message.step}"
    if message.step == "city":
        return _city_buttons(message.cities, data, say)
    if message.step == "zone":
        return rows([Button(zone, f"{data}:{zone}") for zone in message.zones], 1)
    if message.step == "rooms":
        return rows([Button(str(count), f"{data}:{count}") for count in range(1, 7)], 6)
    return ()


def _city_buttons(cities: tuple[CityChoice, ...], data: str, say: Speech) -> Rows:
    return rows([Button(say.named(city.names, city.code), f"{data}:{city.code}") for city in cities], 2)


def _way(message: m.AskStudio, say: Speech) -> Rows:
    """Back and skip, as far as there is something to go back to or to leave out."""
    way = []
    if message.answers:
        way.append(Button(say.say("◀ Back"), f"newstudio:back:{message.step}"))
    if message.step in ("city_names", "address", "map"):
        way.append(Button(say.say("Skip"), f"newstudio:{message.step}:skip"))
    return (tuple(way),) if way else ()


def _summary(message: m.AskStudio, say: Speech) -> Screen:
    given = message.answers
    address = f"🏠 {verbatim(str(given['address']))}" if given.get("address") else ""
    link = f"🗺 {verbatim(str(given['map']))}" if given.get("map") else ""
    text = lines(
        say.say("Shall I add this studio?"),
        Html(f"<b>{escape(str(given['name']))}</b>"),
        say.say(
            "{city} · {rooms} · times in {zone}",
            city=given.get("city_names") or given["city"],
            rooms=say.say_n("one room", "{n} rooms", int(given["rooms"] or 1)),
            zone=given["zone"],
        ),
        address,
        link,
    )
    add = Button(say.say("✅ Add it"), "newstudio:done")
    back = Button(say.say("◀ Back"), "newstudio:back:done")
    return Screen(text, ((add, back),))


# --- invitations


@renders(m.AskInvitation)
def ask_invitation(message: m.AskInvitation, say: Speech) -> Screen:
    """For whom?"""
    if message.staff:
        return Screen(
            say.say("Studio staff of which city?"), _city_buttons(message.cities, "invite:staff", say)
        )
    buttons = [
        Button(say.say("A reviewer"), "invite:reviewer"),
        Button(say.say("A coordinator"), "invite:coordinator"),
    ]
    if message.cities:
        buttons.insert(1, Button(say.say("Studio staff"), "invite:staff"))
    hint = "" if message.cities else say.say("Staff can be invited once there is a studio: /studio")
    return Screen(lines(say.say("Who do you want to invite?"), hint), rows(buttons, 1))


@renders(m.InviteLink)
def invite_link(message: m.InviteLink, say: Speech) -> Screen:
    """The link in visible text, for one person."""
    if message.role == "staff":
        head = say.say(
            "A link for one member of the studio staff in {city}:", city=say.named(message.city_names)
        )
    elif message.role == "reviewer":
        head = say.say("A link for one reviewer:")
    else:
        head = say.say("A link for one coordinator. Whoever opens it can do everything you can:")
    tail = say.say_n(
        "Send it to that person only. It works once, for one day.",
        "Send it to that person only. It works once, for {n} days.",
        message.days,
    )
    data = f"invite:{message.role}:{message.city}".rstrip(":")
    again = Button(say.say("Another link"), data)
    return Screen(paragraphs(head, Html(message.link), tail), ((again,),))


@words("StepOver")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("This question is answered already. Please go on with the latest one.")
