// A message as a phone shows it.

import { fileText, fileUrl } from "./api.js";
import { dialog, make, sign } from "./dom.js";
import { day, say, time } from "./words.js";
import { player } from "./voice.js";

const TAGS = { bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", pre: "pre", blockquote: "blockquote", expandable_blockquote: "blockquote" };

/** Text with its entities (offsets and lengths in UTF-16 units, as JavaScript counts) as elements. */
export function rich(text, entities = [], acts = {}) {
  const cuts = new Set([0, text.length]);
  for (const { offset, length: size } of entities) cuts.add(offset).add(offset + size);
  const at = [...cuts].filter((cut) => cut <= text.length).sort((a, b) => a - b);
  const whole = document.createDocumentFragment();
  let open = [];
  for (let index = 0; index + 1 < at.length; index += 1) {
    const [from, to] = [at[index], at[index + 1]];
    const here = entities.filter((entity) => entity.offset <= from && entity.offset + entity.length >= to);
    let shared = 0;
    while (shared < open.length && shared < here.length && open[shared].entity === here[shared]) shared += 1;
    open = open.slice(0, shared);
    for (const entity of here.slice(shared)) {
      const element = dressed(entity, text.slice(entity.offset, entity.offset + entity.length), acts);
      (open.at(-1)?.element ?? whole).append(element);
      open.push({ entity, element });
    }
    (open.at(-1)?.element ?? whole).append(text.slice(from, to));
  }
  return whole;
}

function dressed(entity, words, acts) {
  if (entity.type in TAGS) return make(TAGS[entity.type]);
  if (entity.type === "bot_command") return make("button", { class: "link", type: "button", onclick: () => acts.say?.(words) });
  if (entity.type === "url" || entity.type === "text_link") return link(entity.url ?? words, acts);
  if (entity.type === "spoiler") {
    const hidden = make("span", { class: "spoiler", tabindex: "0", role: "button" });
    hidden.addEventListener("click", () => hidden.classList.add("open"));
    return hidden;
  }
  return make("span", { class: "mention" });
}

/** A link; one to the bot is opened by this phone, any other in a new window. */
function link(address, acts) {
  const whole = /^[a-z]+:/i.test(address) ? address : `https://${address}`;
  if (/^https:\/\/(t|telegram)\.me\//.test(whole)) {
    return make("a", { href: whole, onclick: (event) => { event.preventDefault(); acts.open?.(whole, event.currentTarget); } });
  }
  if (!/^(https?|mailto|tel):/.test(whole)) return make("span");
  return make("a", { href: whole, target: "_blank", rel: "noopener noreferrer" });
}

/** The element of a message. `acts`: say, open, press, menu; `own` is the id of who holds the phone. */
export function bubble(record, own, acts) {
  const { message } = record;
  const service = serviceWords(message);
  if (service) return make("li", { class: "service", "data-id": message.message_id }, make("span", { text: service }));
  const mine = message.from.id === own;
  const item = make("li", { class: mine ? "message mine" : "message", "data-id": message.message_id });
  const box = make("div", { class: "bubble" });
  if (!mine && message.chat.type !== "private") box.append(make("div", { class: "sender", text: message.from.first_name }));
  if (message.forward_origin) box.append(make("div", { class: "origin", text: say("forwarded", { name: originName(message.forward_origin) }) }));
  if (message.reply_to_message) box.append(quoted(message.reply_to_message));
  box.append(...media(message));
  const words = message.text ?? message.caption;
  if (words) box.append(make("div", { class: "words", dir: "auto" }, rich(words, message.entities ?? message.caption_entities, acts)));
  box.append(make("div", { class: "foot" },
    record.edits && !mine ? make("span", { text: say("edited") }) : null,
    make("time", { text: time(message.date), title: day(message.date) })));
  box.append(make("button", { class: "bare more", type: "button", "aria-label": say("more"), title: say("more"), onclick: (event) => acts.menu(record, event.currentTarget) }, sign("more")));
  item.append(box);
  const rows = message.reply_markup?.inline_keyboard;
  if (rows) item.append(make("div", { class: "keyboard" }, ...rows.map((row) => make("div", { class: "keys" }, ...row.map((button) => key(message, button, acts))))));
  return item;
}

function key(message, button, acts) {
  const style = button.style ? `key ${button.style}` : "key";
  if (button.url) {
    const open = link(button.url, acts);
    open.className = style;
    open.textContent = `${button.text} ↗`;
    return open;
  }
  const does = button.copy_text ? () => acts.copy(button.copy_text.text) : () => acts.press(message.message_id, button.callback_data, pressed);
  const pressed = make("button", { class: style, type: "button", text: button.text, "data-press": button.callback_data, onclick: does });
  return pressed;
}

const quoted = (message) => make("div", { class: "quoted" },
  make("b", { text: message.from.first_name }), make("span", { text: summary(message) }));

/** A message in a few words. */
export function summary(message) {
  return (message.text ?? message.caption ?? (message.voice ? "🎤" : message.photo ? "🖼" : message.document?.file_name ?? "…")).slice(0, 80);
}

const originName = (origin) => origin.sender_user?.first_name ?? origin.sender_user_name ?? "?";

function serviceWords(message) {
  if (message.new_chat_members) return say("service_joined", { name: message.new_chat_members.map((one) => one.first_name).join(", ") });
  if (message.left_chat_member) return say("service_left", { name: message.left_chat_member.first_name });
  if (message.new_chat_title) return message.new_chat_title;
  if (message.migrate_to_chat_id || message.migrate_from_chat_id) return "→ supergroup";
  return null;
}

function media(message) {
  if (message.voice) return [player(message.voice)];
  if (message.audio) return [make("div", { class: "title", text: message.audio.title ?? message.audio.file_name ?? "🎵" }), player(message.audio)];
  if (message.photo) return [photo(message.photo.at(-1))];
  if (message.document) return [documentLine(message.document)];
  if (message.sticker) return [make("div", { class: "sticker", text: "🐱" })];
  if (message.video_note) return [make("div", { class: "sticker", text: "⏺" })];
  if (message.contact) return [make("div", { class: "file" }, `👤 ${message.contact.first_name} · ${message.contact.phone_number}`)];
  if (message.location) return [make("div", { class: "file" }, `📍 ${message.location.latitude}, ${message.location.longitude}`)];
  if (!message.text && !message.caption) return [make("em", { text: say("unsupported") })];
  return [];
}

function photo(size) {
  const image = make("img", { class: "photo", width: size.width, height: size.height, alt: say("photo"), loading: "lazy" });
  fileUrl(size.file_id, "image/png").then((url) => { image.src = url; });
  return make("button", { class: "bare picture", type: "button", "aria-label": say("photo"), onclick: () => dialog(make("img", { class: "large", src: image.src, alt: say("photo") }), { yes: say("close") }) }, image);
}

function documentLine(file) {
  const name = file.file_name ?? say("file");
  const calendar = name.endsWith(".ics");
  return make("button", { class: "file", type: "button", onclick: () => (calendar ? openCalendar(file, name) : download(file, name)) },
    sign("file"), make("span", {}, name, make("small", { text: `${Math.max(1, Math.round((file.file_size ?? 0) / 1024))} KB` })));
}

async function download(file, name) {
  const url = await fileUrl(file.file_id, file.mime_type ?? "application/octet-stream");
  make("a", { href: url, download: name }).click();
}

/** What a calendar would show of the file, with the file itself to keep. */
async function openCalendar(file, name) {
  const entry = readCalendar(await fileText(file.file_id));
  const save = await dialog([
    make("h2", { text: entry.SUMMARY ?? name }),
    make("dl", {},
      make("dt", { text: say("event_at") }), make("dd", { text: `${when(entry.DTSTART)} – ${when(entry.DTEND).slice(-5)} ${entry.zone ?? ""}` }),
      make("dt", { text: say("event_where") }), make("dd", { text: entry.LOCATION ?? "" })),
    entry.STATUS === "CANCELLED" ? make("p", { class: "bad", text: say("cancelled") }) : null,
    make("p", { class: "plain", text: entry.DESCRIPTION ?? "" }),
  ].filter(Boolean), { yes: say("save"), no: say("close") });
  if (save) download(file, name);
}

function readCalendar(text) {
  const lines = text.replace(/\r?\n[ \t]/g, "").split(/\r?\n/);
  const entry = {};
  const body = lines.slice(lines.indexOf("BEGIN:VEVENT") + 1, lines.indexOf("END:VEVENT"));
  let nested = false;
  for (const line of body) {
    if (line.startsWith("BEGIN:")) nested = true;
    if (!nested) {
      const [, name, parameters, value] = /^([A-Z-]+)((?:;[^:]*)?):(.*)$/.exec(line) ?? [];
      if (name) entry[name] = value.replace(/\\n/gi, "\n").replace(/\\([,;\\])/g, "$1");
      if (name === "DTSTART") entry.zone = /TZID=([^;:]+)/.exec(parameters ?? "")?.[1];
    }
    if (line.startsWith("END:")) nested = false;
  }
  return entry;
}

const when = (stamp = "") => stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d).*$/, "$1-$2-$3 $4:$5");

