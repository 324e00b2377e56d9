// The chat page: wires the modules together whenever the pane shows something new.
import { csrf, detailOf, toast, word } from "./page.js";
import { here } from "./list.js";
import { onReconnect, startLive } from "./live.js";
import { expectAnswer, nameDays, openLog, watchOlder } from "./log.js";
import { flush, showWaiting } from "./outbox.js";
import { openComposer } from "./composer.js";
import { startActions } from "./actions.js";
import { startViewer } from "./viewer.js";
import { resume } from "./uploads.js";
import { dressVoices } from "./voice.js";
import { forgetMe } from "./store.js";

const pane = document.getElementById("pane");

function open() {
  openLog();
  here();
  openComposer();
  showWaiting();
  dressVoices(pane);
}

document.addEventListener("htmx:configRequest", ({ detail }) => { detail.headers["X-CSRF-Token"] = csrf(); });
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target !== pane) return;
  open();
  if (!pane.contains(document.activeElement)) pane.focus({ preventScroll: true });
});
// A link back to this place arrives after the address has changed.
document.addEventListener("htmx:pushedIntoHistory", here);
document.addEventListener("htmx:load", (event) => dressVoices(event.target));
document.addEventListener("htmx:responseError", ({ detail }) => {
  const { xhr } = detail;
  if (xhr.status === 401) return location.assign("/web");
  toast(detailOf(xhr.responseText) || word("wentWrong"));
});
document.addEventListener("htmx:sendError", () => toast(word("unreachable")));
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-signout]")) forgetMe();
  if (event.target.matches(".buttons")) expectAnswer();
});
// A page that was left open over night: yesterday's "today" is not today's.
document.addEventListener("visibilitychange", () => { here(); nameDays(); });

watchOlder();
startActions();
startViewer();
open();
startLive();
onReconnect(flush);
onReconnect(resume);

