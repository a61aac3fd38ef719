"""Words about slots that repeat: the preview, how they stand, the list."""

from html import escape

from bot.rules import templates as rules
from bot.services.messages import templates as m
from bot.texts import Html, Speech
from handlers.render.places import shown_twice
from handlers.render.problems import Facts, words
from handlers.render.slots import in_the_way, rule_words, staff_note
from handlers.screen import Button, Rows, Screen, lines, paragraphs, renders, rows


def _about(view: m.TemplateView, say: Speech) -> Html:
    """Where, which days, which times, from when to when, without what."""
    template = rules.read(view.line)
    city = say.named(view.city_names, view.city)
    span = ""
    if template.first and template.last:
        span = say.say(
            "from {first} to {last}", first=_date(template.first, say), last=_date(template.last, say)
        )
    elif template.first:
        span = say.say("from {first}, until it is stopped", first=_date(template.first, say))
    left_out = ""
    if template.skip:
        named = say.join([_date(day, say) for day in template.skip[:8]])
        left_out = say.say_n("without {days}", "without {n} days: {days}", len(template.skip), days=named)
    return lines(
        Html(f"<b>{city} · {rule_words(str(template.rule), say)}</b>"),
        say.say(
            "{times}, each {length} (times in {zone})",
            times=" · ".join(f"{at:%H:%M}" for at in template.times),
            length=say.span(template.length),
            zone=view.zone,
        ),
        span,
        left_out,
    )


def _date(day: object, say: Speech) -> Html:
    """A day that may be in another year, as it is typed."""
    return Html(escape(str(day)))


def _next(view: m.TemplateView, say: Speech) -> Html:
    if not view.days:
        return Html("")
    return say.say("Next: {days}", days=say.join([say.day(day) for day in view.days]))


@renders(m.TemplatePreview)
def preview(message: m.TemplatePreview, say: Speech) -> Screen:
    """What would repeat, what comes at once, what is in its way; nothing is created yet."""
    view = message.template
    ahead = rules.read(view.line).ahead
    at_once = say.say_n(
        "<b>One</b> session would be created at once, the others {ahead} days ahead.",
        "<b>{n}</b> sessions would be created at once, the others {ahead} days ahead.",
        message.count,
        ahead=ahead,
    )
    if not message.count:
        at_once = say.say(
            "Nothing would be created at once; sessions appear {ahead} days ahead.", ahead=ahead
        )
    parts = in_the_way(message, say)
    left_out = lines(say.say("Left out:"), *parts) if parts else Html("")
    data = f"tmpl:{view.template_id}"
    buttons = ((Button(say.say("✅ Start it"), f"{data}:start"), Button(say.say("Drop it"), f"{data}:drop")),)
    text = paragraphs(
        say.say("🔁 <b>Preview: this would repeat</b>"),
        lines(_about(view, say), _next(view, say)),
        lines(at_once, left_out, _nights(message, say)),
        staff_note(message, view, say),
    )
    return Screen(text, buttons)


def _nights(message: m.TemplatePreview, say: Speech) -> Html:
    """Nights in which clocks change."""
    skipped = Html("")
    if message.skipped:
        times = say.join([escape(at) for at in message.skipped[:4]])
        skipped = say.say("⏰ Clocks skip {times}: no session then.", times=times)
    return lines(skipped, shown_twice(message.twice, say))


@renders(m.TemplateCard)
def card(message: m.TemplateCard, say: Speech) -> Screen:
    """One template: what just happened to it, or what is asked."""
    view = message.template
    if message.confirming:
        return _confirm(view, say)
    if message.choosing:
        return _choose(view, say)
    told = {
        "": Html(""),
        "started": say.say("✅ It repeats from now on. New times appear by themselves."),
        "stopped": say.say("⏹ Stopped: nothing more is added."),
        "dropped": say.say("Dropped; nothing was created."),
        "left_out": say.say("✅ Left out."),
    }[message.what]
    stays = ""
    if message.standing:
        stays = say.say_n(
            "One session stands there already and stays. /studio can close the room for that time.",
            "{n} sessions stand there already and stay. /studio can close the rooms for that time.",
            message.standing,
        )
    number = say.say("🔁 Number {n}", n=view.template_id)
    head = lines(told, stays)
    if view.state != "running":
        again = Button(say.say("🗓 New plan"), "plan:go")
        return Screen(paragraphs(head, _about(view, say)), ((_all(say), again),))
    laid = ""
    if view.laid_until:
        laid = say.say("Laid out until {day}.", day=say.day(view.laid_until))
    return Screen(
        paragraphs(head, lines(number, _about(view, say), _next(view, say), laid)), _buttons(view, say)
    )


def _all(say: Speech) -> Button:
    return Button(say.say("🔁 All that repeats"), "tmpls")


def _buttons(view: m.TemplateView, say: Speech) -> Rows:
    data = f"tmpl:{view.template_id}"
    skip = Button(say.say("Leave out a day"), f"{data}:skip")
    stop = Button(say.say("Stop it"), f"{data}:stop")
    return ((*((skip,) if view.days else ()), stop), (_all(say),))


def _choose(view: m.TemplateView, say: Speech) -> Screen:
    data = f"tmpl:{view.template_id}"
    days = [Button(say.day(day), f"{data}:skip:{day}") for day in view.days]
    back = Button(say.say("◀ Back"), f"{data}:show")
    form = Html(f"<code>/newslots except {view.template_id} 2026-12-31</code>")
    ask = say.say("Which day shall be left out? Others by typing: {form}", form=form)
    return Screen(paragraphs(_about(view, say), ask), (*rows(days, 2), (back,)))


def _confirm(view: m.TemplateView, say: Speech) -> Screen:
    data = f"tmpl:{view.template_id}"
    ask = say.say("Really stop this? What is laid out already stays.")
    yes = Button(say.say("Yes, stop it"), f"{data}:stopped")
    no = Button(say.say("No"), f"{data}:show")
    return Screen(paragraphs(_about(view, say), ask), ((yes, no),))


@renders(m.TemplateEnded)
def ended(message: m.TemplateEnded, say: Speech) -> Screen:
    """Nothing more will come of it."""
    head = say.say("🔁 The last times of this are laid out; nothing more will be added.")
    again = Button(say.say("🗓 New plan"), "plan:go")
    return Screen(paragraphs(head, _about(message.template, say)), ((again,),))


@renders(m.TemplateList)
def template_list(message: m.TemplateList, say: Speech) -> Screen:
    """Everything that repeats, a button each."""
    new = Button(say.say("🗓 New plan"), "plan:go")
    if not message.templates:
        return Screen(say.say("Nothing repeats yet."), ((new,),))
    told = [
        lines(say.say("🔁 Number {n}", n=view.template_id), _about(view, say), _next(view, say))
        for view in message.templates[:10]
    ]
    buttons = [Button(_label(view, say), f"tmpl:{view.template_id}:show") for view in message.templates[:30]]
    return Screen(paragraphs(say.say("<b>What repeats</b>"), *told), (*rows(buttons, 1), (new,)))


def _label(view: m.TemplateView, say: Speech) -> str:
    template = rules.read(view.line)
    city = say.named(view.city_names, view.city)
    times = " · ".join(f"{at:%H:%M}" for at in template.times[:4])
    return f"#{view.template_id} {city} · {rule_words(str(template.rule), say)} · {times}"


# --- what can be wrong


@words("NothingRepeats")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("This has no day that is still to come. Please choose other days.")


@words("UnknownTemplate")
def _(f: Facts, say: Speech) -> Html:
    if not f["known"]:
        return say.say("Nothing repeats yet. /newslots plans something.")
    return say.say(
        "Nothing that repeats has the number {number}. There are {known}.",
        number=f["template"],
        known=say.join([f"#{number}" for number in f["known"]]),
    )


@words("TemplateOver")
def _(f: Facts, say: Speech) -> Html:
    if f["state"] == "preview":
        return say.say("This does not repeat yet: answer the preview first.")
    if f["state"] == "running":
        return say.say("This repeats already. /newslots leads to all that repeats.")
    return say.say("This does not repeat any more. /newslots plans something new.")


@words("NotItsDay")
def _(_f: Facts, say: Speech) -> Html:
    return say.say("This is none of its days that are still to come; nothing was changed.")
