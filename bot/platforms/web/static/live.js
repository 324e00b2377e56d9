// Live events: one EventSource for everything. The browser reconnects by itself and says where it stopped
// (Last-Event-ID); when it gives up we open a new one from there. Events are repeatable: order and
// versions are in the fragments, so a replay is harmless.
import { elements, word, toast } from "./page.js";
import { putHtml, remove } from "./log.js";
import { putRow, dropRow } from "./list.js";

const app = document.getElementById("app");
const banner = document.getElementById("link-state");
let source = null;
let cursor = app.dataset.cursor;
let tries = 0;
let timer = 0;
let bannerTimer = 0;
let away = false;
const reconnected = [];

export const onReconnect = (act) => reconnected.push(act);

function say(text, good = false) {
  banner.hidden = !text;
  banner.textContent = text;
  banner.classList.toggle("good", good);
}

function lost() {
  // A blink is not worth a word: say it after two seconds, at once when the browser knows it is offline.
  away = true;
  clearTimeout(bannerTimer);
  bannerTimer = setTimeout(() => say(word(navigator.onLine ? "reconnecting" : "offline")), navigator.onLine ? 2000 : 0);
}

function found() {
  tries = 0;
  clearTimeout(bannerTimer);
  if (away && !banner.hidden) {
    say(word("back"), true);
    bannerTimer = setTimeout(() => say(""), 1800);
  }
  away = false;
  reconnected.forEach((act) => act());
}

const on = {
  post: putHtml,
  remove,
  chat: (html) => elements(html).forEach(putRow),
  nochat: dropRow,
  toast,
  reset: () => location.reload(), // more was missed than is worth replaying
  // the same place again: it leads to the sign-in page, or (a new cookie) goes on as it was
  signedout: () => { source.close(); location.reload(); },
};

export function connect() {
  clearTimeout(timer);
  source?.close();
  source = new EventSource(`/web/events?after=${encodeURIComponent(cursor)}`);
  source.onopen = found;
  source.onerror = () => {
    lost();
    if (source.readyState === EventSource.CLOSED) {
      tries += 1;
      timer = setTimeout(connect, Math.min(30, 2 ** tries) * 1000 * (0.75 + Math.random() / 2));
    }
  };
  for (const [name, act] of Object.entries(on)) {
    source.addEventListener(name, (event) => {
      if (event.lastEventId) cursor = event.lastEventId;
      act(event.data);
    });
  }
}

export function startLive() {
  connect();
  window.addEventListener("offline", lost);
  window.addEventListener("online", connect);
  window.addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
  window.addEventListener("pagehide", () => source.close());
}
