// The desk above the phones: who comes, what time it is, what goes wrong, and the story.

import { Refused, post } from "./api.js";
import { dialog, make, note, popup, sign } from "./dom.js";
import { habits } from "./phone.js";
import { now, on, state } from "./store.js";
import { changeLanguage, day, dueName, language, say, span, stepName } from "./words.js";

const ROLES = ["applicant", "reviewer", "staff", "coordinator"];
const SPEEDS = [[1, "slowly"], [2, "twice_fast"], [20, "fast"]];
let speed = 2;

async function tries(act) {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    note(error.message, "bad");
    return null;
  }
}

/** Build the desk; `onNew` hears the id of a newcomer. */
export function buildDesk(desk, onNew) {
  const light = make("button", { class: "light", type: "button", onclick: (event) => botMenu(event.currentTarget) }, make("i"), make("span"));
  const clock = make("button", { class: "clock", type: "button", onclick: (event) => clockMenu(event.currentTarget) });
  const add = make("button", { type: "button", class: "main", onclick: (event) => addMenu(event.currentTarget, onNew) }, say("add"));
  const faults = make("button", { type: "button", onclick: (event) => faultMenu(event.currentTarget) }, say("faults"));
  const story = make("div", { class: "story" });
  const other = make("button", { type: "button", class: "quiet", lang: language === "zh" ? "en" : "zh", onclick: changeLanguage }, say("language"));
  for (const button of [light, clock, add, faults]) button.setAttribute("aria-haspopup", "menu");
  desk.append(make("h1", {}, say("title")), light, clock, add, faults, story, other);
  const refresh = () => { showLight(light); showClock(clock); showStory(story); };
  on("change", refresh);
  setInterval(() => showClock(clock), 1000);
  refresh();
}

function showLight(light) {
  light.dataset.light = state.bot?.light ?? "off";
  light.lastChild.textContent = say(`bot_${light.dataset.light}`);
}

function showClock(clock) {
  clock.textContent = `🕐 ${day(now())}`;
}

function botMenu(button) {
  const wanted = state.bot.light === "on" ? "kill" : "start";
  popup(button, [{ label: say(wanted === "kill" ? "kill" : "start_bot"), does: () => tries(() => post("/play/bot", { wanted })) }]);
}

function clockMenu(button) {
  const { next } = state.clock;
  const what = next && (next.ahead >= 60 ? say("before", { what: dueName(next.kind), span: span(next.ahead) }) : dueName(next.kind));
  const go = (asked) => () => tries(() => post("/play/clock", asked));
  popup(button, [
    { label: `${say("now")}: ${day(now())}` },
    next ? { label: say("next_due", { what }), hint: day(next.at), does: go({ next: true }) } : { label: say("next_none") },
    { label: say("hour"), does: go({ forward: 3600 }) },
    { label: say("day"), does: go({ forward: 86400 }) },
  ]);
}

function addMenu(button, onNew) {
  const come = (role, tongue) => async () => {
    const made = await tries(() => post("/play/people", { role, language: tongue }));
    if (made) onNew(made.id);
  };
  popup(button, [
    ...ROLES.flatMap((role) => [["en", "in_english"], ["zh", "in_chinese"]].map(([tongue, words]) => ({ label: say(role), hint: say(words), does: come(role, tongue) }))),
    { label: say("group"), does: () => tries(() => post("/play/group", { title: say("group_title") })) },
  ]);
}

function faultMenu(button) {
  const strike = (fault, words = "noted") => async () => { if (await tries(() => post("/sandbox/faults", fault))) note(say(words)); };
  const again = async () => {
    if (!state.lastUpdate) return note(say("no_update"));
    if (await tries(() => post(`/sandbox/updates/${state.lastUpdate}/redeliver`))) note(say("redelivered"));
    return null;
  };
  popup(button, [
    { label: say("drop"), does: strike({ kind: "drop_before", method: "sendMessage" }) },
    { label: say("drop_after"), does: strike({ kind: "drop_after", method: "sendMessage" }) },
    { label: say("limit"), does: strike({ kind: "retry_after", seconds: 5 }) },
    { label: say("slow"), does: strike({ kind: "delay", seconds: 1, lasts: 20 }, "slow_on") },
    { label: `${habits.twice ? "☑" : "☐"} ${say("twice")}`, does: () => { habits.twice = !habits.twice; } },
    { label: say("again"), does: again },
  ]);
}

// --- the story

const command = (wanted) => tries(() => post("/play/story", { wanted, speed }));

async function begin() {
  if (state.people.size && !(await dialog(make("p", { text: say("story_sure") }), { yes: say("story"), no: say("close") }))) return;
  command("begin");
}

function showStory(place) {
  const { state: how, step, of, reason } = state.story;
  const title = stepName(state.story.name, state.story.title);
  const button = (words, does) => make("button", { type: "button", text: say(words), onclick: does });
  const parts = [];
  if (how === "idle" || how === "over" || how === "broken") parts.push(button(how === "idle" ? "story" : "story_again", begin));
  if (how === "playing") parts.push(button("story_pause", () => command("stop")));
  if (how === "stopped") parts.push(button("story_on", () => command("go on")));
  if (how === "playing" || how === "stopped") {
    parts.push(speedButton(), button("story_end", () => command("end")));
    parts.push(make("span", { class: "step", text: say("story_step", { step, of, title }) }), make("progress", { max: String(of), value: String(step - 1), "aria-label": title }));
  }
  if (how === "stopped") parts.push(make("span", { text: say("story_stopped") }));
  if (how === "over") parts.push(make("span", { text: say("story_over") }));
  if (how === "broken") parts.push(make("span", { class: "bad", text: say("story_broken", { reason }) }));
  const key = JSON.stringify([how, step, reason, speed]);
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  place.replaceChildren(...parts);
}

function speedButton() {
  const [, words] = SPEEDS.find(([value]) => value === speed);
  return make("button", { type: "button", class: "quiet", "aria-haspopup": "menu", onclick: (event) => popup(event.currentTarget,
    SPEEDS.map(([value, name]) => ({ label: say(name), does: () => { speed = value; command("speed"); } }))) }, `${say("speed")}: ${say(words)} `, sign("down"));
}
