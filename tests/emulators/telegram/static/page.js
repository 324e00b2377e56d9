"use strict";
const $ = (id) => document.getElementById(id);
const TAGS = { bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "code" };
TAGS.blockquote = TAGS.expandable_blockquote = "blockquote";
const open = { me: sessionStorage.me || "0", chat: sessionStorage.chat || "bot", topic: "", reply: "" };
const told = new Set();  // answers to presses that were shown
let state = null, first = true;

function make(tag, words = "", props = {}) {
  const made = Object.assign(document.createElement(tag), props);
  if (words) made.textContent = words;
  return made;
}

function button(words, press, current = false) {
  const made = make("button", words, { type: "button", onclick: press });
  if (current) made.setAttribute("aria-current", "true");
  return made;
}

function toast(words) {
  $("toast").textContent = words;
  $("toast").hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { $("toast").hidden = true; }, 5000);
}

async function act(name, more = {}) {
  const said = { act: name, me: open.me, chat: open.chat, topic: open.topic, ...more };
  const headers = { "content-type": "application/json" };
  const answer = await fetch("act", { method: "POST", headers, body: JSON.stringify(said) });
  const done = await answer.json();
  if (done.error) toast(done.error);
  return done;
}

function look(me, chat) {
  Object.assign(open, { me: String(me), chat: String(chat), topic: "", reply: "" });
  sessionStorage.me = open.me;
  sessionStorage.chat = open.chat;
  refresh();
}

function follow(url) {
  const deep = url.match(/^https:\/\/t\.me\/(\w+)\?start=([\w-]*)$/);
  if (deep) return act("start", { payload: deep[2] }).then(() => look(open.me, "bot"));
  if (url.startsWith("https://t.me/+")) return act("join", { link: url });
  window.open(url, "_blank", "noopener");
}

function part(text, entities) {  // entities of one level: nested ones go inside
  const whole = document.createDocumentFragment();
  let at = 0;
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  while (sorted.length) {
    const outer = sorted.shift();
    if (outer.offset < at) continue;
    whole.append(text.slice(at, outer.offset));
    const end = outer.offset + outer.length, inner = [];
    while (sorted.length && sorted[0].offset < end) inner.push(sorted.shift());
    const words = text.slice(outer.offset, end);
    const moved = inner.map((one) => ({ ...one, offset: one.offset - outer.offset }));
    const link = ["url", "text_link", "bot_command"].includes(outer.type);
    const held = make(TAGS[outer.type] || (link ? "a" : "span"));
    if (held.tagName === "A") {
      held.href = "#";
      held.onclick = (event) => {
        event.preventDefault();
        if (outer.type === "bot_command") act("say", { text: words });
        else follow(outer.url || words);
      };
    }
    held.append(part(words, moved));
    whole.append(held);
    at = end;
  }
  whole.append(text.slice(at));
  return whole;
}

function pollOf(message) {
  const keys = make("div", "", { className: "keys" });
  keys.append(make("strong", message.poll.question + (message.poll.closed ? `（${SAY.closed}）` : "")));
  message.poll.options.forEach((option, number) => {
    const chosen = message.poll.voted.includes(number);
    const voting = () => act("vote", { message: message.id, positions: chosen ? [] : [number] });
    keys.append(button(`${option.text} · ${option.votes}`, voting, chosen));
  });
  return keys;
}

function ask(words, then, given = "") {
  const said = prompt(words, given);
  if (said) then(said);
}

function answerTo(message) {
  open.reply = message.id;
  $("reply").textContent = SAY.replyTo + message.text.slice(0, 80);
  $("reply").hidden = false;
  $("text").focus();
}

function drawMessage(message) {
  const box = make("article", "", { className: message.service ? "service" : message.mine ? "mine" : "" });
  if (message.service) {
    box.textContent = `${message.from} · ${message.service}`;
    return box;
  }
  if (!message.mine) box.append(make("div", message.from, { className: "who" }));
  if (message.reply) box.append(make("blockquote", message.reply));
  if (message.file) {
    const { kind, url, name } = message.file;
    const shown = make("img", "", { src: url, alt: name });
    box.append(kind === "photo" ? shown : make("a", name, { href: url, download: name }));
  }
  box.append(part(message.text, message.entities));
  if (message.poll) box.append(pollOf(message));
  if (message.buttons.length) {
    const keys = make("div", "", { className: "keys" });
    for (const row of message.buttons) {
      const line = make("div");
      for (const key of row) {
        const pressed = () => act("press", { message: message.id, data: key.callback_data });
        line.append(button(key.text, key.url ? () => follow(key.url) : pressed));
      }
      keys.append(line);
    }
    box.append(keys);
  }
  const meta = make("div", "", { className: "meta" });
  const which = { message: message.id };
  const time = new Date(message.date * 1000).toLocaleTimeString();
  meta.append(...message.reactions, message.edited ? SAY.edited : "", time);
  meta.append(button("👍", () => act("react", which)), button(SAY.reply, () => answerTo(message)));
  if (message.mine) {
    meta.append(button(SAY.edit, () => ask(SAY.edit, (text) => act("edit", { ...which, text }), message.text)));
    meta.append(button(SAY.delete, () => act("delete", which)));
  }
  box.append(meta);
  return box;
}

function drawTools() {
  const chat = state.chat, bot = chat.members.find((one) => one.id === state.bot.id), tools = [];
  const privacy = state.bot.privacy ? SAY.privacyOn : SAY.privacyOff;
  const tool = (words, name) => tools.push(button(words, () => act(name)));
  const newTopic = async (name) => { open.topic = String((await act("topic", { name })).topic); };
  if (chat.kind === "private") {
    tool(SAY.start, "start");
    tool(state.blocked ? SAY.unblock : SAY.block, "block");
  } else {
    tool(bot ? SAY.removeBot : SAY.addBot, bot ? "bot_out" : "bot_in");
    if (bot) tool(bot.status === "administrator" ? SAY.notAdmin : SAY.admin, "bot_admin");
    if (bot) tool(privacy, "privacy");
    if (chat.kind === "group") tools.push(button(SAY.migrate, async () => look(open.me, (await act("migrate")).chat)));
    if (chat.forum) tools.push(button(SAY.topic, () => ask(SAY.name, newTopic)));
    tool(SAY.leave, "leave");
    tools.push(make("span", chat.members.map((one) => one.name).join("、")));
  }
  $("tools").replaceChildren(...tools);
  const topics = chat.topics.map((one) => {
    const words = (one.id === 1 ? SAY.general : one.name) + (one.closed ? " 🔒" : "");
    const choose = () => { open.topic = String(one.id); draw(); };
    return button(words, choose, (open.topic || "1") === String(one.id));
  });
  $("topics").replaceChildren(...topics);
}

function draw() {
  const list = $("messages"), below = list.scrollHeight - list.scrollTop - list.clientHeight < 80 || first;
  const named = (one) => make("option", one.name, { value: one.id, selected: one.id === state.me });
  $("me").replaceChildren(...state.people.map(named));
  const listed = (one) => button(one.title, () => look(open.me, one.key), one.key === state.chat.key);
  $("chats").replaceChildren(...state.chats.map(listed));
  $("title").textContent = state.chat.title;
  drawTools();
  const shown = state.chat.messages.filter((one) => !state.chat.forum || String(one.topic) === (open.topic || "1"));
  list.replaceChildren(...shown.map(drawMessage));
  const keyboard = shown.findLast((one) => one.keyboard)?.keyboard?.keyboard || [];
  const saying = (words, text) => button(words, () => act("say", { text }));
  $("keyboard").replaceChildren(...keyboard.flat().map((key) => saying(key.text || key, key.text || key)));
  const menu = state.commands.slice(0, 12);
  $("commands").replaceChildren(...menu.map((one) => saying(`/${one.command} ${one.description}`, `/${one.command}`)));
  if (below) list.scrollTop = list.scrollHeight;
  for (const answer of state.answers) {
    if (told.has(answer.id)) continue;
    told.add(answer.id);
    if (!first && answer.text) toast(answer.text);
    if (!first && answer.url) follow(answer.url);
  }
  first = false;
}

function read(file) {
  return new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.split(",")[1]);
    reader.readAsDataURL(file);
  });
}

async function refresh(version = "") {
  const query = new URLSearchParams({ me: open.me, chat: open.chat, version });
  const asked = `${open.me} ${open.chat}`;
  const answer = await fetch(`state?${query}`);
  const got = await answer.json();
  if (asked !== `${open.me} ${open.chat}`) return;
  state = got;
  draw();
}

async function watch() {
  for (;;) {
    try {
      await refresh(state ? state.version : "");
    } catch {
      await new Promise((done) => setTimeout(done, 2000));
    }
  }
}

$("me").onchange = () => look($("me").value, "bot");
$("new-person").onclick = () => ask(SAY.name, async (name) => look((await act("person", { name })).me, "bot"));
for (const made of document.querySelectorAll("[data-new]")) {
  const create = async (title) => look(open.me, (await act("group", { title, kind: made.dataset.new })).chat);
  made.onclick = () => ask(SAY.name, create);
}
$("reply").onclick = () => { open.reply = ""; $("reply").hidden = true; };
$("write").onsubmit = async (event) => {
  event.preventDefault();
  const text = $("text").value;
  const files = [...$("file").files];
  for (const [number, file] of files.entries()) {
    await act("send", { name: file.name, data: await read(file), text: number ? "" : text });
  }
  if (!files.length && text.trim()) await act("say", { text, reply: open.reply });
  $("write").reset();
  $("reply").click();
};
$("text").onkeydown = (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $("write").requestSubmit();
};
document.documentElement.lang = SAY === WORDS.zh ? "zh" : "en";
for (const one of document.querySelectorAll("[data-say]")) one.textContent = SAY[one.dataset.say];
$("text").placeholder = SAY.write;
$("text").ariaLabel = SAY.write;
watch();
