// A phone: one person's chats with the bot and in groups, as they would hold them in their hand.

import { Refused, get, patch, post, upload } from "./api.js";
import { bubble, summary } from "./bubble.js";
import { dialog, make, note, popup, sign, signButton } from "./dom.js";
import { chat as chatOf, on, state } from "./store.js";
import { day, length, say } from "./words.js";
import { record } from "./voice.js";

const NEAR = 80; // pixels from the end within which a chat follows what comes
const TYPING = 5000; // milliseconds that a typing sign stays
const TOAST = 3500;
const FIRST = 60; // messages shown at once; older ones come when they are asked for
const NONSENSE = ["asdf jkl; 🥴", "?????", "/nosuchcommand", "．．．", "ﷺ 𝕹𝖔𝖓𝖘𝖊𝖓𝖘𝖊"];

/** What every press does besides: set by the desk. */
export const habits = { twice: false };

export class Phone {
  constructor(person, onHide) {
    this.person = person;
    this.chatId = person.id;
    this.shown = new Map();
    this.first = 0;
    this.stays = true; // with the newest message
    this.top = 0;
    this.onHide = onHide;
    this.build();
    this.off = [on("event", (event) => this.hear(event)), on("change", () => this.refresh())];
    this.enter(person.id);
  }

  remove() {
    for (const off of this.off) off();
    this.sizes.disconnect();
    this.element.remove();
  }

  // --- building

  build() {
    this.avatar = make("span", { class: "avatar", "aria-hidden": "true" });
    this.name = make("h2", {});
    this.under = make("p", { class: "under" });
    this.tabs = make("div", { class: "tabs", role: "tablist", "aria-label": say("chats") });
    this.list = make("ol", { class: "messages", tabindex: "0", "aria-live": "polite", "aria-relevant": "additions" });
    this.older = make("button", { class: "older", type: "button", text: say("older"), hidden: true, onclick: () => this.showOlder() });
    this.scroll = make("div", { class: "scroll" }, this.older, this.list);
    this.below = make("button", { class: "below", type: "button", hidden: true, "aria-label": say("new_below"), onclick: () => this.toEnd() }, sign("down"));
    this.toast = make("div", { class: "toast", role: "status", hidden: true });
    this.about = make("div", { class: "about", hidden: true });
    this.composer = make("form", { class: "composer", onsubmit: (event) => { event.preventDefault(); this.send(); } });
    this.element = make("section", { class: "phone", "data-person": this.person.id },
      make("header", {}, this.avatar, make("div", { class: "who" }, this.name, this.under), signButton("more", say("more"), (event) => this.personMenu(event.currentTarget))),
      this.tabs, make("div", { class: "screen" }, this.scroll, this.below, this.toast), this.about, this.composer);
    this.buildComposer();
    this.scroll.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.sizes = new ResizeObserver(() => this.stick());
    this.sizes.observe(this.list);
    this.sizes.observe(this.scroll);
    this.refresh();
  }

  buildComposer() {
    this.input = make("textarea", { rows: "1", placeholder: say("write"), "aria-label": say("write"), enterkeyhint: "send" });
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); this.send(); }
      if (event.key === "Escape") this.leaveOff();
    });
    this.input.addEventListener("input", () => { this.fit(); this.face(); });
    this.menuButton = signButton("menu", say("menu"), (event) => this.commands(event.currentTarget));
    this.sendButton = signButton("send", say("send"), () => this.send(), true);
    this.micButton = signButton("mic", say("record"), () => this.recordVoice());
    this.startButton = make("button", { class: "start", type: "button", text: say("start"), onclick: () => this.do(() => post(`/sandbox/people/${this.person.id}/start`)) });
    this.composer.append(this.menuButton, this.input, signButton("clip", say("attach"), (event) => this.attach(event.currentTarget)), this.micButton, this.sendButton, this.startButton);
    this.face();
  }

  fit() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, 120)}px`;
  }

  face() {
    const writes = Boolean(this.input.value.trim());
    this.sendButton.hidden = !writes;
    this.micButton.hidden = writes;
  }

  // --- what the stage says of the person

  refresh() {
    const person = state.people.get(this.person.id);
    if (!person) return;
    this.person = person;
    const name = [person.first_name, person.last_name].filter(Boolean).join(" ");
    this.avatar.textContent = [...name][0];
    this.avatar.style.setProperty("--hue", String((person.id * 47) % 360));
    this.name.textContent = name;
    this.element.setAttribute("aria-label", say("phone_of", { name }));
    this.list.setAttribute("aria-label", say("messages", { name: say("private_chat") }));
    this.under.textContent = this.rolesAndLanguage();
    this.startButton.hidden = person.started && !person.blocked;
    this.startButton.textContent = say(person.blocked ? "unblock" : "start");
    this.composer.classList.toggle("waiting", !this.startButton.hidden && this.chatId === person.id);
    this.showTabs();
  }

  rolesAndLanguage() {
    return [...this.person.roles.map((role) => say(role)), this.person.language_code].filter(Boolean).join(" · ");
  }

  showTabs() {
    const groups = [...state.groups.values()].filter((group) => group.members.includes(this.person.id));
    this.tabs.hidden = !groups.length;
    const tab = (id, title) => make("button", { type: "button", role: "tab", "aria-selected": String(id === this.chatId), text: title, onclick: () => this.enter(id) });
    this.tabs.replaceChildren(tab(this.person.id, say("private_chat")), ...groups.map((group) => tab(group.id, group.title)));
  }

  // --- a chat

  async enter(id) {
    this.chatId = id;
    this.leaveOff();
    this.refresh();
    this.shown.clear();
    this.lastDay = null;
    this.list.replaceChildren();
    const messages = [...(await chatOf(id)).values()];
    if (this.chatId !== id) return;
    this.first = Math.max(0, messages.length - FIRST);
    this.older.hidden = !this.first;
    for (const one of messages.slice(this.first)) this.add(one);
    this.toEnd();
  }

  async showOlder() {
    const messages = [...(await chatOf(this.chatId)).values()];
    const from = Math.max(0, this.first - FIRST);
    const height = this.scroll.scrollHeight;
    const items = messages.slice(from, this.first).map((one) => this.made(one));
    this.list.prepend(...items);
    this.first = from;
    this.older.hidden = !from;
    this.scroll.scrollTop += this.scroll.scrollHeight - height;
  }

  made(one) {
    const item = bubble(one, this.person.id, this.acts());
    this.shown.set(one.message.message_id, item);
    return item;
  }

  add(one) {
    const at = day(one.message.date).replace(/[,，]?\s*\d\d[:：]\d\d$/, "");
    if (at !== this.lastDay) this.list.append(make("li", { class: "service day" }, make("span", { text: at })));
    this.lastDay = at;
    this.list.append(this.made(one));
  }

  atEnd() {
    return this.scroll.scrollHeight - this.scroll.scrollTop - this.scroll.clientHeight < NEAR;
  }

  /** Show the newest message, and stay with it until somebody scrolls up. */
  toEnd() {
    this.stays = true;
    this.stick();
  }

  /** Messages get their real heights when they are first drawn, pictures later still, and hidden phones have none. */
  stick() {
    if (this.stays) this.scroll.scrollTop = this.scroll.scrollHeight;
    if (this.stays) this.below.hidden = true;
  }

  scrolled() {
    const { scrollTop } = this.scroll;
    if (this.atEnd()) this.toEnd();
    else if (scrollTop < this.top) this.stays = false; // what grows pushes down, only a person goes up
    this.top = scrollTop;
  }

  async hear(event) {
    if (event.kind === "reset") return;
    if (event.kind === "answer" && event.person_id === this.person.id) return this.answered(event);
    if (event.chat_id !== this.chatId) return;
    const messages = await chatOf(this.chatId);
    const id = event.message?.message_id;
    if (event.kind === "message" || event.kind === "said") {
      if (!this.shown.has(id)) this.add(messages.get(id));
      this.typing(false);
    } else if (event.kind === "edited" || event.kind === "said_edited") {
      const old = this.shown.get(id);
      if (old) old.replaceWith(this.made(messages.get(id)));
    } else if (event.kind === "deleted") {
      this.shown.get(event.message_id)?.remove();
      this.shown.delete(event.message_id);
    } else if (event.kind === "action") {
      this.typing(event.action);
    }
    if (event.kind === "said" && event.message.from.id === this.person.id) this.toEnd();
    else if (!this.stays && event.kind === "message") this.below.hidden = false;
  }

  typing(action) {
    clearTimeout(this.typed);
    const words = action && say(action.includes("voice") ? "recording_voice" : "typing");
    this.under.textContent = words || this.rolesAndLanguage();
    this.under.classList.toggle("busy", Boolean(words));
    if (words) this.typed = setTimeout(() => this.typing(false), TYPING);
  }

  answered(event) {
    for (const waiting of this.element.querySelectorAll(".key.waiting")) waiting.classList.remove("waiting");
    if (!event.text) return;
    if (event.show_alert) dialog(make("p", { class: "plain", text: event.text }), { yes: say("ok") });
    else {
      this.toast.textContent = event.text;
      this.toast.hidden = false;
      clearTimeout(this.toasted);
      this.toasted = setTimeout(() => { this.toast.hidden = true; }, TOAST);
    }
  }

  // --- acting

  async do(act) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      note(error.message, "bad");
      return null;
    }
  }

  acts() {
    const { id } = this.person;
    return {
      say: (text) => this.do(() => post(`/sandbox/people/${id}/say`, { text, chat: this.chatId })),
      open: (link, element) => this.openLink(link, element),
      copy: (text) => this.copy(text),
      press: (message, data, button) => this.press(message, data, button),
      menu: (one, button) => this.messageMenu(one, button),
    };
  }

  /** A link to the bot may be meant for somebody else: whoever it was sent to opens it. */
  openLink(link, element) {
    const as = (id) => () => this.do(() => post(`/sandbox/people/${id}/start`, { link }));
    const others = [...state.people.values()].filter((person) => person.id !== this.person.id);
    const newcomer = (language) => () => this.do(async () => {
      const { id } = await post("/play/people", { role: "applicant", language });
      await post(`/sandbox/people/${id}/start`, { link });
    });
    popup(element, [
      { label: say("open_as") },
      { label: this.person.first_name, hint: say("this_phone"), does: as(this.person.id) },
      ...others.map(({ id, first_name, roles }) => ({ label: first_name, hint: roles.map((role) => say(role)).join(" · "), does: as(id) })),
      { label: say("somebody_new"), hint: say("in_english"), does: newcomer("en") },
      { label: say("somebody_new"), hint: say("in_chinese"), does: newcomer("zh") },
    ]);
  }

  async press(message, data, button) {
    button.classList.add("waiting");
    setTimeout(() => button.classList.remove("waiting"), 15000);
    const how = habits.twice ? { times: 2 } : {};
    const done = await this.do(() => post(`/sandbox/people/${this.person.id}/press`, { message_id: message, data, chat: this.chatId, ...how }));
    if (!done) button.classList.remove("waiting");
  }

  async copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      note(say("copied"));
    } catch {
      dialog(make("pre", { class: "plain", text }), { yes: say("close") });
    }
  }

  async send() {
    const text = this.input.value.trim();
    if (!text) return;
    const { id } = this.person;
    const done = await this.do(() => (this.edits
      ? post(`/sandbox/people/${id}/edit`, { message_id: this.edits, text, chat: this.chatId })
      : post(`/sandbox/people/${id}/say`, { text, chat: this.chatId, ...(this.answers ? { reply_to: this.answers } : {}) })));
    if (!done) return;
    this.input.value = "";
    this.fit();
    this.face();
    this.leaveOff();
  }

  answering(what, message) {
    this.about.replaceChildren(make("b", { text: say(what) }), make("span", { text: summary(message) }), signButton("close", say("close"), () => this.leaveOff()));
    this.about.hidden = false;
    this.input.focus();
  }

  leaveOff() {
    if (this.edits) this.input.value = "";
    this.edits = this.answers = null;
    this.about.hidden = true;
  }

  messageMenu(one, button) {
    const { message } = one, own = message.from.id === this.person.id;
    popup(button, [
      { label: say("reply"), does: () => { this.answers = message.message_id; this.answering("replying", message); } },
      own && message.text && { label: say("edit"), does: () => { this.edits = message.message_id; this.input.value = message.text; this.face(); this.answering("editing", message); } },
      (message.text || message.caption) && { label: say("copy"), does: () => this.copy(message.text ?? message.caption) },
      { label: say("forward"), does: () => this.do(() => post(`/sandbox/people/${this.person.id}/forward`, { message_id: message.message_id, from_chat: this.chatId, chat: this.person.id })) },
    ]);
  }

  personMenu(button) {
    const { id, blocked } = this.person;
    popup(button, [
      { label: say(blocked ? "unblock" : "block"), does: () => this.do(() => (blocked ? post(`/sandbox/people/${id}/start`) : patch(`/sandbox/people/${id}`, { blocked: true }))) },
      { label: say("hide"), does: () => this.onHide(this) },
    ]);
  }

  async commands(button) {
    const all = await get(`/sandbox/chats/${this.chatId}/commands?person=${this.person.id}`);
    popup(button, all.map(({ command, description }) => ({ label: `/${command}`, hint: description, does: () => this.acts().say(`/${command}`) })));
  }

  async attach(button) {
    const dialogues = await get("/play/dialogues");
    const { id } = this.person, body = () => ({ person: id, chat: this.chatId });
    popup(button, [
      { label: say("dialogue") },
      ...dialogues.map(({ name, seconds }) => ({ label: `🎤 ${name.replaceAll("-", " ")}`, hint: length(seconds), does: () => this.do(() => post("/play/dialogue", { name, ...body() })) })),
      { label: say("attach") },
      { label: say("file"), does: () => this.pick("") },
      { label: say("photo"), does: () => this.pick("image/png,image/jpeg") },
      { label: say("sticker"), does: () => this.sendFile("sticker", new File(["sticker"], "cat.webp", { type: "image/webp" })) },
      { label: say("contact"), does: () => this.do(() => post(`/sandbox/people/${id}/send/contact`, { phone_number: "+8613800000000", chat: this.chatId })) },
      { label: say("location"), does: () => this.do(() => post(`/sandbox/people/${id}/send/location`, { latitude: 39.97, longitude: 116.33, chat: this.chatId })) },
      { label: say("nonsense"), does: () => this.acts().say(NONSENSE[Math.floor(Math.random() * NONSENSE.length)]) },
    ]);
  }

  pick(accept) {
    const input = make("input", { type: "file", accept });
    input.addEventListener("change", () => {
      const [file] = input.files;
      const kind = accept ? "photo" : file.type.startsWith("audio/") ? "audio" : "document";
      this.sendFile(kind, file);
    });
    input.click();
  }

  sendFile(kind, file) {
    const form = new FormData();
    form.append("file", file, file.name);
    if (file.type && kind !== "sticker") form.append("mime_type", file.type);
    form.append("chat", String(this.chatId));
    return this.do(() => upload(`/sandbox/people/${this.person.id}/send/${kind}`, form));
  }

  // --- recording

  async recordVoice() {
    const clock = make("span", { class: "clock", text: say("recording", { time: "0:00" }) });
    let recording;
    try {
      recording = await record((seconds) => { clock.textContent = say("recording", { time: length(seconds) }); });
    } catch (error) {
      note(say("no_microphone", { reason: error.message }), "bad");
      return;
    }
    const end = (act) => async () => { bar.remove(); this.composer.hidden = false; await act(); };
    const bar = make("div", { class: "composer recording" }, make("i", { class: "dot" }), clock,
      signButton("trash", say("discard"), end(() => recording.discard())),
      signButton("send", say("stop_send"), end(async () => this.sendVoice(await recording.stop())), true));
    this.composer.hidden = true;
    this.composer.after(bar);
    bar.lastChild.focus();
  }

  sendVoice(sound) {
    const form = new FormData();
    form.append("person", String(this.person.id));
    form.append("chat", String(this.chatId));
    form.append("file", sound, "recording");
    return this.do(() => upload("/play/voice", form));
  }
}

