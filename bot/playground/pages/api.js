// Asking the playground and the sandbox, and listening to both.

/** What was asked for could not be done; the message is for who plays. */
export class Refused extends Error {}

async function ask(method, path, body, form) {
  const init = { method, headers: {} };
  if (form) init.body = form;
  else if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers["Content-Type"] = "application/json";
  }
  const answer = await fetch(path, init);
  const kind = answer.headers.get("Content-Type") ?? "";
  const told = kind.startsWith("application/json") ? await answer.json() : await answer.text();
  if (!answer.ok) throw new Refused(told.error ?? told);
  return told;
}

export const get = (path) => ask("GET", path);
export const post = (path, body = {}) => ask("POST", path, body);
export const patch = (path, body = {}) => ask("PATCH", path, body);
export const upload = (path, form) => ask("POST", path, undefined, form);

const urls = new Map();

/** The address of a file's bytes, for players and pictures; kept while the page lives. */
export function fileUrl(id, type) {
  if (!urls.has(id)) {
    urls.set(id, fetch(`/sandbox/files/${encodeURIComponent(id)}`)
      .then((answer) => answer.blob())
      .then((blob) => URL.createObjectURL(new Blob([blob], { type }))));
  }
  return urls.get(id);
}

/** The bytes of a file as text. */
export const fileText = async (id) => (await fetch(`/sandbox/files/${encodeURIComponent(id)}`)).text();

/** Server-sent events; the browser connects again by itself. `onState` hears whether there is a
 * connection; `kinds` are names of events beside the unnamed ones. */
export function listen(path, onEvent, onState, kinds = []) {
  const source = new EventSource(path);
  source.onopen = () => onState(true);
  source.onerror = () => onState(false);
  const heard = (event) => onEvent(JSON.parse(event.data));
  for (const kind of ["message", ...kinds]) source.addEventListener(kind, heard);
  return source;
}
