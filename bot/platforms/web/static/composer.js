// Writing: the box that grows, drafts, replying and editing, quick commands, sending.
import { toast, word } from "./page.js";
import { openChat, toEnd } from "./log.js";
import { say } from "./outbox.js";
import { drop, load, save } from "./store.js";
import * as uploads from "./uploads.js";
import { openRecorder } from "./voice.js";

const desktop = window.matchMedia("(hover: hover) and (pointer: fine)");
let form = null;
let text = null;
let about = null; // { kind: "reply" | "edit", id, excerpt }
let sendWhenUp = false;

const draftKey = () => `draft.${openChat()}`;

export function openComposer() {
  form = document.getElementById("composer");
  if (!form) return;
  text = document.getElementById("text");
  about = null;
  sendWhenUp = false;
  if (text.value) keepDraft(); // typed while the page still loaded
  else text.value = load(draftKey(), "");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  text.addEventListener("input", () => {
    if (about?.kind !== "edit") keepDraft();
    fit();
  });
  text.addEventListener("keydown", keys);
  form.querySelector(".strip [data-do]").addEventListener("click", cancel);
  for (const chip of form.querySelectorAll("[data-say]")) {
    chip.addEventListener("click", () => say({ chat: openChat(), text: chip.dataset.say }));
  }
  uploads.openTray(form, () => {
    fit();
    if (sendWhenUp && !uploads.going()) submit();
  });
  openRecorder(uploads.add);
  fit();
  if (desktop.matches) text.focus({ preventScroll: true });
}

function keepDraft() {
  if (text.value) save(draftKey(), text.value);
  else drop(draftKey());
}

function keys(event) {
  // Enter while choosing characters belongs to the input method (229: how older Safari says it).
  if (event.isComposing || event.keyCode === 229) return;
  if (event.key === "Enter" && !event.shiftKey && desktop.matches) {
    event.preventDefault();
    submit();
  } else if (event.key === "Escape" && about) {
    cancel();
  }
}

function fit() {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight}px`;
  const max = Number(form.dataset.maxText);
  const length = [...text.value].length;
  const count = document.getElementById("count");
  count.textContent = length > max * 0.9 ? word("tooLong", { n: length, max }) : "";
  count.classList.toggle("over", length > max);
  form.classList.toggle("blank", !text.value.trim() && !uploads.any());
}

function submit() {
  const words = text.value.trim();
  if ([...text.value].length > Number(form.dataset.maxText)) return fit();
  if (uploads.failed()) return toast(word("fixFiles"));
  if (uploads.going()) {
    sendWhenUp = true;
    return toast(word("sendWaits"));
  }
  sendWhenUp = false;
  if (!words && !uploads.any()) return;
  const message = { chat: openChat(), text: text.value, files: uploads.take() };
  if (about) message[about.kind] = about.id;
  clear();
  say(message);
}

function clear() {
  const wasEdit = about?.kind === "edit";
  about = null;
  document.getElementById("strip").hidden = true;
  if (!wasEdit) drop(draftKey());
  text.value = wasEdit ? load(draftKey(), "") : "";
  fit();
}

function cancel() {
  if (about.kind === "edit") text.value = load(draftKey(), "");
  about = null;
  document.getElementById("strip").hidden = true;
  fit();
  text.focus();
}

function begin(kind, id, title, excerpt) {
  if (!form?.isConnected) return;
  about = { kind, id };
  const strip = document.getElementById("strip");
  strip.querySelector("strong").textContent = title;
  strip.querySelector("span").textContent = excerpt;
  strip.hidden = false;
  fit();
  text.focus();
}

export function replyTo(id, author, excerpt) {
  begin("reply", id, word("replying", { name: author }), excerpt);
}

export function editPost(id, source) {
  text.value = source;
  begin("edit", id, word("editing"), source);
}

document.addEventListener("gongfang:take-back", ({ detail }) => {
  if (!form?.isConnected || detail.chat !== openChat()) return;
  if (detail.edit) return editPost(detail.edit, detail.text);
  text.value = [detail.text, text.value].filter(Boolean).join("\n");
  keepDraft();
  fit();
  toEnd();
  text.focus();
});
