"""Words of onboarding and of what everybody can ask for."""

from bot.rules.onboarding import GENDERS, LANGUAGES, PARTNER_WISHES
from bot.services.messages import people as m
from bot.texts import LANGUAGES as SPOKEN
from bot.texts import Html, Speech
from handlers.render import names
from handlers.screen import Button, Screen, lines, paragraphs, renders, rows


@renders(m.CommandMenu)
def command_menu(message: m.CommandMenu, say: Speech) -> Screen:
    """The list behind the menu button."""
    return Screen(commands=names.command_menu(message.commands, say))


@renders(m.AskLanguage)
def ask_language(_message: m.AskLanguage, _say: Speech) -> Screen:
    """In every language at once: nobody has chosen yet."""
    text = paragraphs(
        "👋 Welcome to Duologue. Which language shall we speak?", "欢迎来到 Duologue！请选择语言。"
    )
    return Screen(text, (tuple(Button(name, f"lang:{code}") for code, name in SPOKEN.items()),))


def _purpose_text(purpose: str, say: Speech) -> Html:
    texts = {
        "review": say.say(
            "<b>Review.</b> Our reviewers listen to the samples you send and judge them. "
            "Rejected samples are erased after a while."
        ),
        "recording": say.say(
            "<b>Recording.</b> In the studio your dialogue is recorded and kept, under a number instead of "
            "your name."
        ),
        "training": say.say(
            "<b>Training.</b> The studio recordings are used to train and test speech and language models."
        ),
        "cloning": say.say(
            "<b>Voice cloning.</b> Your voice may be imitated by a machine. This is optional and off; you can "
            "take part without it."
        ),
        "excerpt": say.say(
            "<b>Excerpt for a partner.</b> Whoever is proposed to you may hear ten seconds of your approved sample, to "
            "know how you talk. There is a second voice in it: please agree only if that person agrees too. This is "
            "optional and off."
        ),
    }
    return texts[purpose]


@renders(m.AskConsent)
def ask_consent(message: m.AskConsent, say: Speech) -> Screen:
    """One purpose, with its text."""
    intro = ""
    if message.first:
        intro = say.say(
            "Two people talk in a studio; we record them and pay both. Before we begin, three questions about "
            "what may be done with your voice. You can see and change your answers at any time: /privacy"
        )
    text = paragraphs(intro, _purpose_text(message.purpose, say), say.say("Do you agree?"))
    return Screen(text, (_yes_no(f"consent:{message.purpose}:{message.version}", say),))


def _yes_no(data: str, say: Speech) -> tuple[Button, Button]:
    return (
        Button(say.say("Yes, I agree"), f"{data}:yes"),
        Button(say.say("No, I do not"), f"{data}:no"),
    )


@renders(m.ConsentNeeded)
def consent_needed(message: m.ConsentNeeded, say: Speech) -> Screen:
    """Without it nobody can take part."""
    text = say.say(
        "That is fine, and nothing of yours is used. But without your consent (<b>{purpose}</b>) we cannot "
        "record together. If you change your mind, press the button.",
        purpose=say.say(names.PURPOSES[message.purpose]),
    )
    agree = Button(say.say("I agree after all"), f"consent:{message.purpose}:{message.version}:yes")
    return Screen(text, ((agree,),))


@renders(m.AskName)
def ask_name(message: m.AskName, say: Speech) -> Screen:
    """The name that Telegram shows, or another."""
    keep = Button(say.say("Keep “{name}”", name=_short(message.suggestion)), "profile:name:keep")
    return Screen(say.say("What shall we call you? Keep this name, or type another one."), ((keep,),))


def _short(text: str, limit: int = 40) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


@renders(m.AskBirthYear)
def ask_birth_year(_message: m.AskBirthYear, say: Speech) -> Screen:
    """Typed; no buttons."""
    return Screen(
        say.say("In which year were you born? Type four digits, for example 1998. You must be 18 or older.")
    )


@renders(m.AskCity)
def ask_city(message: m.AskCity, say: Speech) -> Screen:
    """Where there are studios."""
    buttons = [Button(say.named(city.names, city.code), f"city:{city.code}") for city in message.cities]
    return Screen(say.say("In which city do you want to record?"), rows(buttons, 2))


@renders(m.AskGender)
def ask_gender(_message: m.AskGender, say: Speech) -> Screen:
    """Helps to find a partner; may be skipped."""
    buttons = [Button(say.say(names.GENDERS[value]), f"profile:gender:{value}") for value in GENDERS]
    skip = Button(say.say("Skip"), "profile:gender:skip")
    return Screen(say.say("What is your gender? It helps us mix voices."), (*rows(buttons, 3), (skip,)))


@renders(m.AskSpeaks)
def ask_speaks(message: m.AskSpeaks, say: Speech) -> Screen:
    """Toggles; nothing is ticked beforehand."""
    question = say.say("Which languages do you speak well enough to record in? Tick all of them.")
    if message.hears:
        question = say.say("In which languages can you judge a dialogue? Tick all of them.")
    buttons = [
        Button(
            f"{'✅ ' if code in message.chosen else ''}{say.language_name(code)}", f"profile:speaks:{code}"
        )
        for code in LANGUAGES
    ]
    done = Button(say.say("Done"), "profile:speaks:done")
    return Screen(question, (*rows(buttons, 3), (done,)))


@renders(m.AskDialect)
def ask_dialect(message: m.AskDialect, say: Speech) -> Screen:
    """May be skipped."""
    buttons = [Button(say.say(names.DIALECTS[v]), f"profile:dialect:{v}") for v in message.options]
    skip = Button(say.say("Skip"), "profile:dialect:skip")
    return Screen(say.say("Which dialect or accent do you have?"), (*rows(buttons, 2), (skip,)))


@renders(m.AskPartnerWish)
def ask_partner_wish(_message: m.AskPartnerWish, say: Speech) -> Screen:
    """May be skipped."""
    buttons = [Button(say.say(names.WISHES[v]), f"profile:partner:{v}") for v in PARTNER_WISHES]
    skip = Button(say.say("Skip"), "profile:partner:skip")
    return Screen(
        say.say("Who would you like to record with? We try to meet your wish; nobody else sees it."),
        (*rows(buttons, 3), (skip,)),
    )


def guide_text(message: m.SampleGuide, say: Speech) -> Html:
    """What a good sample is, how long, and how many attempts are left."""
    length = ""
    if message.shortest is not None and message.longest is not None:
        length = say.say(
            "Send a voice message of {length}: a real dialogue between you and another person.",
            length=say.between(message.shortest, message.longest),
        )
    elif message.shortest is not None:
        length = say.say(
            "Send a voice message of at least {min}: a real dialogue between you and another person.",
            min=say.span(message.shortest),
        )
    elif message.longest is not None:
        length = say.say(
            "Send a voice message of at most {max}: a real dialogue between you and another person.",
            max=say.span(message.longest),
        )
    else:
        length = say.say("Send a voice message: a real dialogue between you and another person.")
    left = ""
    if message.attempts_left is not None:
        left = say.say_n(
            "You have <b>one</b> attempt left.", "You have <b>{n}</b> attempts left.", message.attempts_left
        )
    return paragraphs(
        "🎙 " + length,
        lines(
            say.say("What the reviewers like:"),
            say.say("• one topic with substance, lively and natural"),
            say.say("• you both talk, nobody holds a monologue"),
            say.say("• a quiet room, the phone on the table between you"),
        ),
        left,
    )


@renders(m.SampleGuide)
def sample_guide(message: m.SampleGuide, say: Speech) -> Screen:
    """How to send a sample."""
    welcome = say.say("You are all set! Now for your voices.") if message.welcome else ""
    return Screen(paragraphs(welcome, guide_text(message, say)))


@renders(m.RoleWelcome)
def role_welcome(message: m.RoleWelcome, say: Speech) -> Screen:
    """A role was given by a link."""
    if message.role == "reviewer":
        text = say.say(
            "Welcome to the reviewers! Samples come to you here; you vote with the buttons below "
            "them. /queue lists what is waiting for you, /pause stops new ones."
        )
    elif message.role == "staff":
        text = say.say(
            "Welcome to the studio staff in {city}! When sessions need you, we will ask you here. "
            "/today lists your shifts.",
            city=say.named(message.city_names),
        )
        return Screen(text, ((Button("🗓 " + say.say("When I can work"), "duty"),),))
    else:
        text = say.say("Welcome to the coordinators! /help lists what you can do.")
    return Screen(text)


@renders(m.Help)
def help_(message: m.Help, say: Speech) -> Screen:
    """What this is, and the person's commands."""
    intro = say.say(
        "Duologue finds two people for a dialogue, books the studio for them, and sees that both are paid."
    )
    listed = (Html(f"/{name} – {text}") for name, text in names.command_menu(message.commands, say))
    return Screen(paragraphs(intro, lines(*listed)))


@renders(m.Privacy)
def privacy(message: m.Privacy, say: Speech) -> Screen:
    """Each purpose: its text, the answer, and the button to change it."""
    answers = {answer.purpose: answer for answer in message.answers}
    parts, buttons = [], []
    for purpose in names.PURPOSES:
        answer = answers.get(purpose)
        current = answer is not None and answer.agreed and answer.version == message.version
        parts.append(lines(_purpose_text(purpose, say), _answer_line(answer, message.version, say)))
        name = say.say(names.PURPOSES[purpose])
        label = (
            say.say("Take back: {purpose}", purpose=name)
            if current
            else say.say("Agree: {purpose}", purpose=name)
        )
        choice = "no" if current else "yes"
        buttons.append((Button(label, f"consent:{purpose}:{message.version}:{choice}"),))
    title = say.say("<b>Your consents</b> (text version {version})", version=message.version)
    return Screen(paragraphs(title, *parts), tuple(buttons))


def _answer_line(answer: m.ConsentAnswer | None, version: int, say: Speech) -> Html:
    if answer is None:
        return say.say("➖ You have not been asked.")
    when = say.day(answer.at.date())
    if answer.version != version:
        return say.say("➖ You answered an older version of this text ({day}).", day=when)
    if answer.agreed:
        return say.say("✅ You agreed ({day}).", day=when)
    return say.say("❌ You said no ({day}).", day=when)


@renders(m.Cancelled)
def cancelled(message: m.Cancelled, say: Speech) -> Screen:
    """What was under way is left."""
    if message.matter:
        return Screen(say.say("Stopped, and nothing was changed. /help shows what you can do."))
    if message.anything:
        return Screen(say.say("Stopped. Your answers so far are kept; /start goes on from here."))
    return Screen(say.say("There is nothing to cancel right now. /help shows what you can do."))


@renders(m.Hint)
def hint(message: m.Hint, say: Speech) -> Screen:
    """A word before the next useful step."""
    words = {
        "sample_too_early": say.say(
            "Thank you, but I cannot take a sample before a few questions are answered. "
            "Please send it again after that."
        ),
        "language_changed": say.say("From now on we speak English."),
        "words": say.say("I do not know what to do with these words."),
        "video": say.say(
            "I cannot take videos. Please send the sound alone, as a voice message or an audio file."
        ),
        "document": say.say(
            "This file does not look like audio. Please send a voice message or an audio file (ogg, mp3, m4a, "
            "wav, flac)."
        ),
        "other": say.say("Thank you, but I cannot do anything with this."),
    }
    return Screen(words[message.about])


@renders(m.SlowDown)
def slow_down(_message: m.SlowDown, say: Speech) -> Screen:
    """Too much came at once."""
    return Screen(
        say.say(
            "That was a lot at once, and I left part of it unread. Please wait for my answers, then send again what "
            "still matters."
        )
    )


@renders(m.WriteInPrivate)
def write_in_private(message: m.WriteInPrivate, say: Speech) -> Screen:
    """In a group: please write in private."""
    go = Button(say.say("Open our chat"), url=f"https://t.me/{message.bot_username}")
    return Screen(say.say("Let us do this in our private chat."), ((go,),))
