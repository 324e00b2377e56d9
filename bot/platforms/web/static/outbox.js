// Messages on their way. Each has an id made here: the server accepts it once however often it is sent,
// so we may try until we know. Kept in the browser until then; sent in order within a chat.
import { copyOf, elements, newId, post, toast, word } from "./page.js";
import { openChat, putHtml, putPending, remove, toEnd } from "./log.js";
import { load, save } from "./store.js";

const KEY = "outbox";
let running = false;
let timer = 0;
let tries = 0;

const waiting = () => load(KEY, []);
const change = (act) => save(KEY, act(waiting()));

/** Take a message: {chat, text, files: [{id, name}], reply?, edit?}. Shown at once, sent when possible. */
export function say(message) {
  const entry = { client: newId(), at: Date.now(), ...message };
  change((all) => [...all, entry]);
  show(entry);
  toEnd();
  flush();
}

/** Draw what still waits for the open chat (after a reload, too). */
export function showWaiting() {
  waiting().filter((entry) => entry.chat === openChat()).forEach(show);
  flush();
}

function show(entry) {
  if (entry.edit || entry.chat !== openChat()) return;
  if (document.querySelector(`.post[data-client="${CSS.escape(entry.client)}"]`)) return;
  const article = copyOf("pending-template");
  article.id = `w-${entry.client}`;
  article.dataset.client = entry.client;
  article.dataset.chat = entry.chat;
  article.querySelector(".text").textContent = entry.text;
  for (const file of entry.files ?? []) {
    const line = document.createElement("li");
    line.textContent = file.name;
    article.querySelector(".sent-files").append(line);
  }
  article.querySelector('[data-do="retry"]').onclick = () => retry(entry.client);
  article.querySelector('[data-do="take-back"]').onclick = () => takeBack(entry);
  putPending(article);
  if (entry.refused) mark(entry);
}

function mark(entry) {
  const article = document.getElementById(`w-${entry.client}`);
  if (!article) return;
  article.classList.toggle("refused", Boolean(entry.refused));
  article.querySelector(".why").textContent = entry.refused ?? "";
  article.querySelectorAll(".fate button").forEach((button) => { button.hidden = !entry.refused; });
}

function retry(client) {
  change((all) => all.map((one) => (one.client === client ? { ...one, refused: undefined } : one)));
  document.getElementById(`w-${client}`)?.remove();
  showWaiting();
}

/** Back into the writing box, for the person to change it. */
function takeBack(entry) {
  change((all) => all.filter((one) => one.client !== entry.client));
  remove(`w-${entry.client}`);
  document.dispatchEvent(new CustomEvent("gongfang:take-back", { detail: entry }));
}

async function deliver(entry) {
  const fields = { client: entry.client, text: entry.text, file: (entry.files ?? []).map((one) => one.id) };
  if (entry.reply) fields.reply = entry.reply;
  const address = entry.edit ? `/web/messages/${entry.edit}/edit` : `/web/chats/${entry.chat}/messages`;
  const html = await post(address, fields);
  change((all) => all.filter((one) => one.client !== entry.client));
  if (elements(html).length) putHtml(html);
  else remove(`w-${entry.client}`);
}

/** Send what waits, oldest first. Passing trouble: again later. A refusal: shown, and the next goes on. */
export async function flush() {
  if (running) return;
  running = true;
  clearTimeout(timer);
  try {
    for (let entry; (entry = waiting().find((one) => !one.refused));) {
      try {
        await deliver(entry);
        tries = 0;
      } catch (refusal) {
        if (refusal.status === 401) {
          toast(word("signedOut"));
          setTimeout(() => location.assign("/web"), 2500);
          return;
        }
        if (refusal.status === undefined) throw refusal;
        if (refusal.passing) {
          if (refusal.status === 429 && tries === 0) toast(refusal.detail);
          tries += 1;
          timer = setTimeout(flush, (refusal.wait || Math.min(30, 2 ** tries)) * 1000);
          return;
        }
        entry.refused = refusal.detail || word("refused");
        change((all) => all.map((one) => (one.client === entry.client ? entry : one)));
        if (entry.edit) {
          toast(entry.refused);
          takeBack(entry);
        }
        mark(entry);
      }
    }
  } finally {
    running = false;
  }
}
