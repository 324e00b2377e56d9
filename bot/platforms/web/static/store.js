// What is kept in this browser until the server has it: drafts and unsent messages, per person and chat.
// A private window or a full store may refuse: then it lives in memory as long as the page does.

const memory = new Map();
const me = document.getElementById("app").dataset.me;
const full = (key) => `gongfang.${me}.${key}`;

export function load(key, otherwise) {
  try {
    const text = localStorage.getItem(full(key));
    if (text !== null) return JSON.parse(text);
  } catch { /* refused or damaged: what memory has */ }
  return memory.get(key) ?? otherwise;
}

export function save(key, value) {
  memory.set(key, value);
  try {
    localStorage.setItem(full(key), JSON.stringify(value));
  } catch { /* kept in memory */ }
}

export function drop(key) {
  memory.delete(key);
  try {
    localStorage.removeItem(full(key));
  } catch { /* was never there */ }
}

/** On signing out nothing of this person stays on a shared machine. */
export function forgetMe() {
  memory.clear();
  try {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(full(""))) localStorage.removeItem(key);
    }
  } catch { /* nothing was kept */ }
}
