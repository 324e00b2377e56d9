// What every other module needs: the page's words, its token, drawing fragments, talking to the server.

const words = document.getElementById("words").dataset;

/** A sentence from words.html, with its {placeholders} filled in. */
export function word(name, params = {}) {
  return words[name].replace(/\{(\w+)\}/g, (_, key) => params[key]);
}

export const csrf = () => document.querySelector('meta[name="csrf-token"]').content;

/** The elements of an HTML fragment that our own server sent. */
export function elements(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return [...template.content.children];
}

/** A copy of a <template>'s first element. */
export function copyOf(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(9));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_");
}

const TOASTS = 2; // at once: more would cover what one reads

/** A short word over the page; one that leads somewhere is a button. */
export function toast(text, go = null) {
  const note = document.createElement(go ? "button" : "p");
  note.className = "toast";
  note.onclick = () => { note.remove(); go?.(); };
  note.textContent = text;
  const all = document.getElementById("toasts");
  all.append(note);
  if (all.children.length > TOASTS) all.firstElementChild.remove();
  setTimeout(() => note.remove(), 3000 + 120 * text.length);
}

/** "Today", "yesterday", or the label: by the calendar of the reader's own zone, not of this machine's. */
export function dayName(day, label) {
  const named = (daysAgo) => new Intl.DateTimeFormat("sv-SE", { timeZone: document.getElementById("app").dataset.zone })
    .format(Date.now() - daysAgo * 86400000);
  return day === named(0) ? word("today") : day === named(1) ? word("yesterday") : label;
}

/** A short size for people; the templates' filter does the same. */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

export const minutes = (seconds) =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/** A refusal: `status` 0 when the network failed, `detail` for people, `wait` in seconds when told to. */
export class Refusal extends Error {
  constructor(status, detail, wait = 0) {
    super(detail || `HTTP ${status}`);
    Object.assign(this, { status, detail, wait });
  }
  /** Whether trying the same again later can help. */
  get passing() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** What a problem+json body says to people; anything else says nothing. */
export function detailOf(body) {
  try {
    const problem = JSON.parse(body);
    return problem.detail || problem.title || "";
  } catch {
    return "";
  }
}

/** POST form fields; the answer's text, or a Refusal. */
export async function post(address, fields) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    for (const one of [value].flat()) body.append(name, one);
  }
  let answer, text;
  try {
    answer = await fetch(address, {
      method: "POST", body, headers: { "X-CSRF-Token": csrf(), "X-Requested-With": "fetch" },
      signal: AbortSignal.timeout ? AbortSignal.timeout(20000) : undefined,
    });
    text = await answer.text();
  } catch {
    throw new Refusal(0, "");
  }
  const elsewhere = answer.headers.get("HX-Redirect");
  if (elsewhere) location.assign(elsewhere);
  if (!answer.ok) throw new Refusal(answer.status, detailOf(text), Number(answer.headers.get("Retry-After")) || 0);
  return text;
}

/** Ask before something that others will see; resolves to true for yes. */
export function sure(question) {
  const dialog = document.getElementById("ask");
  dialog.querySelector("p").textContent = question;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((done) =>
    dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true }));
}
