// Files for the next message: each goes up at once, with its own progress, its own error, its own way out.
import { copyOf, csrf, detailOf, newId, size, toast, word } from "./page.js";

const tray = () => document.getElementById("tray");
let files = []; // of the open chat: { key, file, state: waiting|going|done|failed, id, request, item }
let form = null;
let changed = () => {};
let waitTimer = 0;

export function openTray(composer, onChange) {
  files.forEach((one) => one.request?.abort());
  files = [];
  form = composer;
  changed = onChange;
  if (!tray()) return; // a visitor
  for (const id of ["pick-photo", "pick-file"]) {
    const input = document.getElementById(id);
    input.addEventListener("change", () => {
      add([...input.files]);
      input.value = "";
    });
  }
  const box = form.querySelector(".box");
  form.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) {
      event.preventDefault();
      add([...event.clipboardData.files]);
    }
  });
  box.addEventListener("dragover", (event) => {
    event.preventDefault();
    box.classList.add("over");
  });
  for (const name of ["dragleave", "drop"]) box.addEventListener(name, () => box.classList.remove("over"));
  box.addEventListener("drop", (event) => {
    event.preventDefault();
    add([...event.dataTransfer.files]);
  });
}

export const any = () => files.length > 0;
export const going = () => files.some((one) => one.state === "waiting" || one.state === "going");
export const failed = () => files.some((one) => one.state === "failed");

/** Hand over what has been uploaded, and start an empty tray. */
export function take() {
  const taken = files.map((one) => ({ id: one.id, name: one.file.name }));
  files = [];
  draw();
  return taken;
}

export function add(more) {
  const max = Number(form.dataset.maxFiles);
  if (files.length + more.length > max) {
    toast(word("tooMany", { max }));
    more = more.slice(0, Math.max(0, max - files.length));
  }
  for (const file of more) {
    const one = { key: newId(), file, state: "waiting", item: copyOf("upload-template") };
    files.push(one);
    dress(one);
    start(one);
  }
  draw();
}

function dress(one) {
  const { item, file } = one;
  item.querySelector(".name").textContent = file.name;
  if (file.type.startsWith("image/")) {
    const image = document.createElement("img");
    image.alt = "";
    image.src = URL.createObjectURL(file);
    image.onload = image.onerror = () => URL.revokeObjectURL(image.src);
    item.prepend(image);
  }
  item.querySelector('[data-do="again"]').onclick = () => start(one);
  item.querySelector('[data-do="drop"]').onclick = () => {
    one.request?.abort();
    files = files.filter((other) => other !== one);
    draw();
    document.getElementById("text").focus();
  };
}

function start(one) {
  const max = Number(form.dataset.maxBytes);
  if (one.file.size > max) return fail(one, word("tooLarge", { max: size(max) }), false);
  if (one.file.size === 0) return fail(one, word("emptyFile"), false);
  state(one, "going", size(one.file.size));
  const request = (one.request = new XMLHttpRequest());
  const body = new FormData();
  body.append("client", one.key); // the same key again is the same upload
  body.append("file", one.file);
  if (one.file.seconds) body.append("seconds", one.file.seconds); // of a recording
  request.open("POST", form.action.replace(/messages$/, "uploads"));
  request.setRequestHeader("X-CSRF-Token", csrf());
  request.setRequestHeader("X-Requested-With", "fetch");
  request.upload.onprogress = (event) => {
    if (event.lengthComputable) one.item.querySelector("progress").value = (100 * event.loaded) / event.total;
  };
  request.onload = () => {
    if (request.status < 300) {
      one.id = JSON.parse(request.responseText).id;
      state(one, "done", size(one.file.size));
    } else if (request.status === 503 || request.status === 429) {
      wait(one);
    } else {
      fail(one, detailOf(request.responseText) || word("uploadFailed"), request.status >= 500);
    }
  };
  request.onerror = () => wait(one);
  request.send(body);
}

/** No connection: it stays in the tray and goes up when there is one. */
function wait(one) {
  state(one, "waiting", word("uploadWaits"));
  clearTimeout(waitTimer);
  waitTimer = setTimeout(resume, 15000);
}

export function resume() {
  files.filter((one) => one.state === "waiting").forEach(start);
}

function fail(one, why, again) {
  state(one, "failed", why);
  one.item.querySelector('[data-do="again"]').hidden = !again;
}

function state(one, name, about) {
  one.state = name;
  one.item.className = `upload ${name}`;
  one.item.querySelector(".about").textContent = about;
  one.item.querySelector('[data-do="again"]').hidden = true;
  changed();
}

function draw() {
  if (!tray()) return;
  tray().replaceChildren(...files.map((one) => one.item));
  tray().hidden = files.length === 0;
  changed();
}

window.addEventListener("beforeunload", (event) => {
  if (going()) event.preventDefault();
});
