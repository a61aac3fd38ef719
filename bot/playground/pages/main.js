// The playground: all phones at once.

import { buildDesk } from "./desk.js";
import { make, note } from "./dom.js";
import { Phone } from "./phone.js";
import { begin, on, state } from "./store.js";
import { say } from "./words.js";

const place = document.getElementById("phones");
const switcher = document.getElementById("switcher");
const phones = new Map();
const hidden = new Set(JSON.parse(sessionStorage.getItem("duologue-hidden") ?? "[]"));
let current = Number(sessionStorage.getItem("duologue-current")) || null;

document.title = say("title");

function keep() {
  sessionStorage.setItem("duologue-hidden", JSON.stringify([...hidden]));
  sessionStorage.setItem("duologue-current", String(current ?? ""));
}

function show(id) {
  hidden.delete(id);
  current = id;
  keep();
  lay();
  phones.get(id)?.element.scrollIntoView({ inline: "nearest", block: "nearest" });
}

function hide(phone) {
  hidden.add(phone.person.id);
  if (current === phone.person.id) current = [...state.people.keys()].find((id) => !hidden.has(id)) ?? null;
  keep();
  lay();
}

/** One phone for everybody who is not hidden, in the order in which they came. */
function lay() {
  for (const [id, phone] of phones) {
    if (!state.people.has(id) || hidden.has(id)) {
      phone.remove();
      phones.delete(id);
    }
  }
  for (const [id, person] of state.people) {
    if (!hidden.has(id) && !phones.has(id)) {
      const phone = new Phone(person, hide);
      phones.set(id, phone);
      place.append(phone.element);
    }
  }
  if (!state.people.has(current)) current = [...phones.keys()][0] ?? null;
  for (const [id, phone] of phones) phone.element.classList.toggle("current", id === current);
  place.classList.toggle("empty", !state.people.size);
  empty.hidden = Boolean(state.people.size);
  laySwitcher();
}

function laySwitcher() {
  switcher.hidden = !state.people.size;
  switcher.setAttribute("aria-label", say("everyone"));
  switcher.replaceChildren(...[...state.people.values()].map((person) => make("button", {
    type: "button", class: hidden.has(person.id) ? "away" : "", "aria-current": person.id === current ? "true" : null,
    "aria-label": say("shown", { name: person.first_name }), onclick: () => show(person.id),
  }, person.first_name, make("small", { text: person.roles.map((role) => say(role)).join(" · ") }))));
}

const empty = make("div", { class: "nobody" }, make("h2", { text: say("empty") }), make("p", { text: say("empty_how") }));
place.append(empty);

let lost = null;
on("link", (up) => {
  if (!up && !lost) lost = note(say("lost"), "bad");
  if (up && lost) { lost.remove(); lost = null; note(say("back")); }
});
on("event", (event) => {
  if (event.kind === "reset") location.reload();
});
on("change", lay);

await begin();
buildDesk(document.getElementById("desk"), show);
lay();
document.documentElement.dataset.ready = "true";
