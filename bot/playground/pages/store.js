// What the page knows: people, groups, chats with their messages as they stand, and how the stage is.

import { get, listen } from "./api.js";

const KINDS = ["edited", "deleted", "answer", "action", "commands", "said", "said_edited", "pressed", "member", "fault", "reset"];

export const state = { people: new Map(), groups: new Map(), bot: null, clock: { offset: 0, next: null }, story: { state: "idle" }, lastUpdate: null };

const chats = new Map();
const listeners = { change: new Set(), event: new Set(), link: new Set() };

/** Be told: `change` (the stage), `event` (something in a chat), `link` (whether there is a connection). */
export function on(what, listener) {
  listeners[what].add(listener);
  return () => listeners[what].delete(listener);
}

const tell = (what, ...news) => { for (const listener of listeners[what]) listener(...news); };

/** A chat's messages by number, each `{by_bot, edits, message}`; loaded at the first look. */
export async function chat(id) {
  if (!chats.has(id)) {
    chats.set(id, get(`/sandbox/chats/${id}/messages`).then((all) => new Map(all.map((one) => [one.message.message_id, one]))));
  }
  return chats.get(id);
}

/** The bot's time now, in Unix seconds. */
export const now = () => Date.now() / 1000 + state.clock.offset;

function take(stage) {
  state.bot = stage.bot;
  state.clock = stage.clock;
  state.story = stage.story;
  state.people = new Map(stage.people.map((person) => [person.id, person]));
  state.groups = new Map(stage.groups.map((group) => [group.id, group]));
  tell("change");
}

async function happened(event) {
  if (event.update_id) state.lastUpdate = event.update_id;
  if (event.kind === "reset") {
    chats.clear();
  } else if (event.chat_id && chats.has(event.chat_id)) {
    const messages = await chats.get(event.chat_id);
    const id = event.message?.message_id;
    if (event.kind === "message" || event.kind === "said") {
      messages.set(id, { by_bot: event.kind === "message", edits: 0, message: event.message });
    } else if (event.kind === "edited" || event.kind === "said_edited") {
      messages.set(id, { by_bot: event.kind === "edited", edits: (messages.get(id)?.edits ?? 0) + 1, message: event.message });
    } else if (event.kind === "deleted") {
      messages.delete(event.message_id);
    }
  }
  tell("event", event);
}

/** Begin to listen. Events are told one after the other, in their order. */
export async function begin() {
  const stage = await get("/play/state");
  take(stage);
  let order = Promise.resolve();
  listen(`/sandbox/stream?after=${stage.seq}`, (event) => { order = order.then(() => happened(event)); }, (up) => tell("link", up), KINDS);
  listen("/play/changes", take, () => {});
}
