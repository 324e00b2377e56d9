// The chat list: rows that move and count, which one is open, and the number in the title.
import { dayName, toast, word } from "./page.js";
import { openChat } from "./log.js";

const SHORT = 40; // characters of what was said elsewhere
const app = document.getElementById("app");

/** Put a row in its group, newest first; a new group is not invented here, the page is fetched again. */
export function putRow(row) {
  const group = document.querySelector(`#g-${CSS.escape(row.dataset.group)} ul`);
  if (!group) return location.reload();
  const old = document.getElementById(row.id);
  const focused = old?.contains(document.activeElement);
  announce(row, Number(old?.dataset.unread ?? 0));
  old?.remove();
  const before = [...group.children].find((one) => Number(one.dataset.at) < Number(row.dataset.at));
  group.insertBefore(row, before ?? null);
  window.htmx.process(row);
  if (focused) row.querySelector("a").focus();
  here();
}

/** In a room the assistant answers privately: who is reading the room is told, and led there. */
function announce(row, before) {
  const elsewhere = openChat() && `c-${openChat()}` !== row.id;
  if (!elsewhere || row.dataset.group !== "me" || Number(row.dataset.unread) <= before) return;
  const [name, said] = [".name", ".preview"].map((part) => row.querySelector(part).textContent);
  toast(`${name} · ${said.length > SHORT ? `${said.slice(0, SHORT)}…` : said}`, () => document.getElementById(row.id)?.querySelector("a").click());
}

export function dropRow(id) {
  document.getElementById(id)?.remove();
  if (document.getElementById("chat")?.dataset.chat === id.replace(/^c-/, "")) location.assign("/web");
}

/** Show which chat is open, and which of the two panes a phone shows. */
export function here() {
  const pane = document.getElementById("pane").firstElementChild;
  app.classList.toggle("at-list", pane.classList.contains("empty"));
  app.classList.toggle("at-pane", !pane.classList.contains("empty"));
  for (const link of document.querySelectorAll(".row a")) {
    if (link.pathname === location.pathname) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  for (const time of document.querySelectorAll(".row time")) {
    // A time of day for today, the day for what is older; also after midnight.
    time.dataset.clock ??= time.textContent;
    const name = dayName(time.dataset.day, time.dataset.dayLabel);
    time.textContent = name === word("today") ? time.dataset.clock : name;
  }
  const rows = [...document.querySelectorAll(".row")];
  const unread = rows.reduce((sum, row) => sum + Number(row.dataset.unread), 0);
  const elsewhere = rows.reduce((sum, row) => sum + (row.id === `c-${openChat()}` ? 0 : Number(row.dataset.unread)), 0);
  for (const back of pane.querySelectorAll(".bar .back")) {
    if (elsewhere) back.dataset.unread = elsewhere < 100 ? elsewhere : "99+";
    else delete back.dataset.unread;
  }
  const brand = document.querySelector(".brand span").textContent;
  const title = pane.dataset.title ? `${pane.dataset.title} · ${brand}` : brand;
  document.title = unread ? `(${unread}) ${title}` : title;
}
