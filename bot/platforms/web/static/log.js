// The open conversation: putting posts in their place, day lines, scrolling, the way to the latest, reading.
import { post as send, dayName, elements, word } from "./page.js";
import { dressVoices } from "./voice.js";

const TOGETHER = 300; // seconds; as in pages.py
const ANSWERED_IN = 5000; // ms

let chat = null; // { id, log, scroll, jump, fresh, readTo }

let asked = 0; // when a button was last pressed here

export const openChat = () => chat?.id ?? "";

/** A button was pressed: the answer is to be seen, wherever one was reading. */
export const expectAnswer = () => { asked = Date.now(); };

/** Begin with the conversation that the page shows now, if it shows one. */
export function openLog() {
  const section = document.getElementById("chat");
  if (!section) return (chat = null);
  const log = document.getElementById("log");
  chat = {
    id: section.dataset.chat, log, scroll: document.getElementById("scroll"),
    jump: document.getElementById("jump"), fresh: 0, readTo: 0,
  };
  const from = log.querySelector(".unread-from");
  if (from) from.scrollIntoView({ block: "start" });
  else toEnd();
  chat.scroll.addEventListener("scroll", settled, { passive: true });
  chat.jump.addEventListener("click", toEnd);
  nameDays();
  for (const image of log.querySelectorAll("img")) {
    if (!image.complete) image.addEventListener("load", keepEnd(), { once: true });
  }
  new ResizeObserver(keepEnd()).observe(chat.scroll); // the phone's keyboard, the growing composer
  settled();
}

const atEnd = () => chat.scroll.scrollHeight - chat.scroll.scrollTop - chat.scroll.clientHeight < 80;

/** Something that changes heights is about to happen: who was at the end stays there. */
function keepEnd() {
  const mine = chat;
  mine.stuck = atEnd();
  return () => { if (chat === mine && mine.stuck) mine.scroll.scrollTop = mine.scroll.scrollHeight; };
}

export function toEnd() {
  if (!chat) return;
  chat.scroll.scrollTop = chat.scroll.scrollHeight;
  settled();
}

function settled() {
  if (!chat) return;
  chat.stuck = atEnd();
  if (chat.stuck) chat.fresh = 0;
  chat.jump.hidden = chat.stuck;
  const words = chat.fresh ? word("new", { n: chat.fresh }) : word("latest");
  const label = chat.jump.querySelector("span");
  if (label.textContent !== words) label.textContent = words;
  markRead();
}

/** Tell the server how far this person has seen; only what was really on the screen counts. */
export function markRead() {
  if (!chat || !chat.stuck || document.hidden || !document.hasFocus()) return;
  const posts = chat.log.querySelectorAll(".post[data-seq]");
  const seq = posts.length ? Number(posts[posts.length - 1].dataset.seq) : 0;
  if (seq <= chat.readTo) return;
  const mine = chat;
  mine.readTo = seq;
  send(`/web/chats/${mine.id}/read`, { seq }).catch(() => { mine.readTo = 0; });
}

/** Put one post where it belongs, or over the older version of itself. Repeats change nothing. */
export function put(article) {
  if (!chat || article.dataset.chat !== chat.id) return;
  const client = article.dataset.client;
  const old = document.getElementById(article.id)
    ?? (client && chat.log.querySelector(`.post[data-client="${CSS.escape(client)}"]`));
  if (old && old.dataset.rev && Number(old.dataset.rev) >= Number(article.dataset.rev)) return;
  const restore = keepEnd();
  const pressed = old?.contains(document.activeElement);
  if (old && old.dataset.seq === article.dataset.seq) {
    old.replaceWith(article);
  } else {
    old?.remove();
    if (!place(article)) return;
    article.classList.add("new");
    if (article.classList.contains("bot") && Date.now() - asked < ANSWERED_IN) chat.stuck = true;
    if (!chat.stuck && article.dataset.author && !article.classList.contains("mine")) chat.fresh += 1;
  }
  window.htmx.process(article);
  dressVoices(article);
  if (pressed) article.querySelector("a, button:not(:disabled), summary")?.focus();
  tidy();
  restore();
  settled();
}

/** Insert by seq; what is older than everything loaded is left for "earlier messages". */
function place(article) {
  const seq = Number(article.dataset.seq);
  const posts = [...chat.log.querySelectorAll(".post[data-seq]")];
  const after = posts.findLast((one) => Number(one.dataset.seq) < seq);
  if (!after && posts.length && document.getElementById("older")) return false;
  if (after) after.after(article);
  else if (posts.length) posts[0].before(article);
  else {
    chat.log.querySelector(".start")?.remove();
    const pending = chat.log.querySelector(".post.pending");
    if (pending) pending.before(article);
    else chat.log.append(article);
  }
  return true;
}

/** A message that is on its way: after everything else, until its post arrives. */
export function putPending(article) {
  const restore = keepEnd();
  chat.log.querySelectorAll(".start, .unread-from").forEach((line) => line.remove());
  chat.log.append(article);
  restore();
}

export function remove(id) {
  const article = document.getElementById(id);
  if (!article) return;
  const restore = keepEnd();
  article.remove();
  tidy();
  restore();
}

/** Day lines and headings are a matter of neighbours: draw them again after every change. */
export function tidy() {
  chat.log.querySelectorAll(".day").forEach((line) => line.remove());
  let before = null;
  for (const post of chat.log.querySelectorAll(".post[data-seq]")) {
    const newDay = before?.dataset.day !== post.dataset.day;
    if (newDay) {
      const line = document.createElement("div");
      line.className = "day";
      line.textContent = dayName(post.dataset.day, post.dataset.dayLabel);
      const unread = post.previousElementSibling;
      (unread?.classList.contains("unread-from") ? unread : post).before(line);
    }
    post.classList.toggle("follows", !newDay && before.dataset.author === post.dataset.author
      && !post.classList.contains("system") && !before.classList.contains("system")
      && post.dataset.at - before.dataset.at < TOGETHER);
    before = post;
  }
}

/** The page names days by date; here they get the names that people use for them. */
export function nameDays() {
  for (const line of chat?.log.querySelectorAll(".day") ?? []) {
    let post = line.nextElementSibling;
    while (post && !post.dataset.day) post = post.nextElementSibling;
    if (post) line.textContent = dayName(post.dataset.day, post.dataset.dayLabel);
  }
}

/** Earlier posts come above: what one was reading stays where it is, and is not read out again. */
export function watchOlder() {
  let height = 0;
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.target.id !== "older" || !chat) return;
    chat.log.setAttribute("aria-live", "off");
    height = chat.scroll.scrollHeight - chat.scroll.scrollTop;
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (!height || !chat) return;
    tidy();
    chat.scroll.scrollTop = chat.scroll.scrollHeight - height;
    height = 0;
    setTimeout(() => chat?.log.setAttribute("aria-live", "polite"), 500);
  });
  document.addEventListener("visibilitychange", markRead);
  window.addEventListener("focus", markRead);
}

export function putHtml(html) {
  elements(html).filter((one) => one.matches(".post")).forEach(put);
}
