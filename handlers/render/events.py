"""What the audit trail's rows are called, for people who read somebody's story."""

from bot.texts import Html, Speech, mark, verbatim

THINGS = {
    "assignment": mark("review"),
    "batch": mark("planned slots"),
    "booking": mark("booking"),
    "broadcast": mark("broadcast"),
    "city": mark("city"),
    "group": mark("reviewers’ group"),
    "inbox": mark("message set aside"),
    "invitation": mark("invitation"),
    "pair": mark("pair"),
    "person": mark("person"),
    "proposal": mark("proposal"),
    "reserve": mark("place in reserve"),
    "roomclosure": mark("closed room"),
    "sample": mark("sample"),
    "shift": mark("shift"),
    "slot": mark("slot"),
    "slotbatch": mark("planned slots"),
    "slottemplate": mark("slots that repeat"),
    "studio": mark("studio"),
    "waiting": mark("place on a waitlist"),
    "wish": mark("waiting for any such time"),
}
"""What an event is about, by the first word of its subject."""

EVENTS = {
    "accepted": mark("one said yes"),
    "active": mark("formed"),
    "added": mark("added"),
    "agreed": mark("the other voice agreed"),
    "announced": mark("announced"),
    "applied": mark("applied"),
    "appealed": mark("appealed"),
    "approved": mark("approved"),
    "asked": mark("asked"),
    "attending": mark("both are coming"),
    "audio_erased": mark("audio erased"),
    "calendar_ended": mark("calendar link ended"),
    "calendar_made": mark("calendar link made"),
    "cancelled": mark("cancelled"),
    "changed": mark("changed"),
    "checked_in": mark("checked in"),
    "closed": mark("closed"),
    "confirmed": mark("confirmed"),
    "correction": mark("pay corrected"),
    "copy": mark("looks like a copy"),
    "created": mark("created"),
    "cross_review": mark("goes to one more reviewer"),
    "days_left_out": mark("days left out"),
    "days_off": mark("days off noted"),
    "days_on": mark("days off taken back"),
    "declined": mark("declined"),
    "dissolved": mark("dissolved"),
    "done": mark("over"),
    "draft": mark("drafted"),
    "dropped": mark("dropped"),
    "duty_week": mark("working hours changed"),
    "ended": mark("ended"),
    "expired": mark("ran out"),
    "given": mark("consent given"),
    "granted": mark("role given"),
    "held": mark("held"),
    "in_review": mark("being heard"),
    "joined": mark("joined the list"),
    "lapsed": mark("lapsed"),
    "late_cancel": mark("strike: cancelled late"),
    "left": mark("left the list"),
    "lifted": mark("lifted"),
    "met": mark("found"),
    "need_lowered": mark("needs fewer staff"),
    "no_show": mark("did not come"),
    "offered": mark("offered"),
    "on": mark("in reserve"),
    "onboarded": mark("onboarded"),
    "open": mark("opened"),
    "opened": mark("opened"),
    "over": mark("over"),
    "paired": mark("became partners"),
    "paused": mark("paused"),
    "planned": mark("planned"),
    "preview": mark("previewed"),
    "queued": mark("passed the checks"),
    "received": mark("received"),
    "recorded": mark("recorded"),
    "refused": mark("refused"),
    "rejected": mark("rejected"),
    "released": mark("no longer needed"),
    "repeated": mark("planned by repetition"),
    "rescue": mark("one is out, a stand-in is sought"),
    "resumed": mark("resumed"),
    "retried": mark("tried again"),
    "reviews": mark("reviewing happens there"),
    "running": mark("running"),
    "sending": mark("being sent"),
    "sent": mark("sent"),
    "show_up": mark("show-up pay owed"),
    "silent": mark("strike: no answer"),
    "skipped": mark("skipped"),
    "stopped": mark("stopped"),
    "taken": mark("taken"),
    "used": mark("used"),
    "void": mark("void: decided without it"),
    "vote": mark("vote"),
    "voted": mark("voted"),
    "waiting": mark("waiting"),
    "week": mark("hours of the week changed"),
    "withdrawn": mark("withdrawn"),
}
"""What happened, by the last word of the event."""


WHOLE = {"strike.lifted": mark("strike lifted")}
"""Events of which the last word alone would say too little."""


def event_text(subject: str, event: str, say: Speech) -> Html:
    """One row in words, "booking #7: confirmed"; what this version has no words for is shown as it is kept."""
    thing, _, number = subject.partition(":")
    what = event.rpartition(".")[2]
    told = WHOLE.get(event) or EVENTS.get(what)
    if thing not in THINGS or told is None:
        return Html(f"<code>{verbatim(subject)} {verbatim(event)}</code>")
    named, happened = say.say(THINGS[thing]), say.say(told)
    return say.say("{thing} #{number}: {happened}", thing=named, number=number, happened=happened)
