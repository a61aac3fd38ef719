// Making elements. Nothing here ever takes HTML: what people write stays text.

/** An element with properties, and children that are elements or text. */
export function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "class") element.className = value;
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "text") element.textContent = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const SHAPES = {
  menu: "M3 6h18M3 12h18M3 18h18",
  send: "M3 11l18-8-8 18-2-8z",
  clip: "M8 12l6-6a3 3 0 0 1 5 5l-8 8a5 5 0 0 1-7-7l7-7",
  mic: "M12 3a3 3 0 0 1 3 3v6a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM5 11a7 7 0 0 0 14 0M12 18v3",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  close: "M5 5l14 14M19 5L5 19",
  play: "M7 4l13 8-13 8z",
  pause: "M7 4v16M17 4v16",
  file: "M6 2h8l5 5v15H6zM14 2v5h5",
  down: "M5 9l7 7 7-7",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 14h10l1-14",
};

/** A drawn sign; it says nothing to a screen reader. */
export function sign(name, filled = false) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", filled ? "sign filled" : "sign");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

/** A button that shows a sign and says what it does. */
export function signButton(name, label, onclick, filled = false) {
  return make("button", { class: "bare", type: "button", "aria-label": label, title: label, onclick }, sign(name, filled));
}

const notes = document.getElementById("notes");

/** A word for who plays, gone by itself after a while. */
export function note(text, kind = "") {
  const shown = make("div", { class: `note ${kind}`, text });
  notes.append(shown);
  setTimeout(() => shown.remove(), 4000);
  return shown;
}

/** A list of things to do under a button; it closes when one is done, with Escape, and by a click elsewhere. */
export function popup(button, items) {
  document.querySelector(".popup")?.remove();
  const list = make("div", { class: "popup", role: "menu" });
  const close = () => {
    list.remove();
    document.removeEventListener("pointerdown", elsewhere, true);
    button.setAttribute("aria-expanded", "false");
  };
  const elsewhere = (event) => { if (!list.contains(event.target) && event.target !== button) close(); };
  for (const item of items.filter(Boolean)) {
    const choose = () => { close(); button.focus(); item.does(); };
    list.append(item.does
      ? make("button", { type: "button", role: "menuitem", disabled: item.off, "aria-checked": item.on, onclick: choose }, item.label, item.hint ? make("small", { text: item.hint }) : null)
      : make("div", { class: "label", text: item.label }));
  }
  list.addEventListener("keydown", (event) => {
    const all = [...list.querySelectorAll("button:not([disabled])")];
    const at = all.indexOf(document.activeElement);
    if (event.key === "Escape") { close(); button.focus(); }
    else if (event.key === "ArrowDown") all[(at + 1) % all.length]?.focus();
    else if (event.key === "ArrowUp") all[(at - 1 + all.length) % all.length]?.focus();
    else if (event.key === "Tab") close();
    else return;
    event.preventDefault();
  });
  document.body.append(list);
  place(list, button);
  button.setAttribute("aria-expanded", "true");
  document.addEventListener("pointerdown", elsewhere, true);
  list.querySelector("button:not([disabled])")?.focus();
}

function place(list, button) {
  const at = button.getBoundingClientRect(), size = list.getBoundingClientRect();
  const left = Math.max(8, Math.min(at.left, innerWidth - size.width - 8));
  const below = at.bottom + 6 + size.height <= innerHeight;
  list.style.left = `${left}px`;
  list.style.top = `${below ? at.bottom + 6 : Math.max(8, at.top - size.height - 6)}px`;
}

/** A question or a message over everything; resolves to whether it was answered with yes. */
export function dialog(content, { yes, no } = {}) {
  return new Promise((resolve) => {
    const box = make("dialog", { class: "dialog" }, ...[].concat(content));
    const end = (answer) => { box.close(); box.remove(); resolve(answer); };
    const row = make("div", { class: "row" });
    if (no) row.append(make("button", { type: "button", onclick: () => end(false), text: no }));
    row.append(make("button", { type: "button", class: "main", onclick: () => end(true), text: yes }));
    box.append(row);
    box.addEventListener("cancel", (event) => { event.preventDefault(); end(false); });
    document.body.append(box);
    box.showModal();
  });
}
