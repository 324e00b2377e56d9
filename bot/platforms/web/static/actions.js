// What one can do with a message: reply, copy, edit, withdraw; and finding the message that was answered.
import { post, sure, toast, word } from "./page.js";
import { editPost, replyTo } from "./composer.js";
import { putHtml } from "./log.js";

const textOf = (article) => article.querySelector(".text")?.innerText.trim()
  || article.querySelector(".file .name, .photo img")?.textContent || "";

const acts = {
  reply: (article, id) => replyTo(id, article.querySelector(".author").textContent, textOf(article)),
  async copy(article) {
    try {
      await navigator.clipboard.writeText(textOf(article));
      toast(word("copied"));
    } catch {
      getSelection().selectAllChildren(article.querySelector(".text") ?? article);
    }
  },
  edit: (article, id) => editPost(id, article.dataset.source),
  async withdraw(article, id) {
    if (!(await sure(word("sureWithdraw")))) return;
    try {
      putHtml(await post(`/web/messages/${id}/withdraw`, {}));
    } catch (refusal) {
      toast(refusal.detail || word(refusal.status ? "wentWrong" : "unreachable"));
    }
  },
};

export function startActions() {
  document.addEventListener("click", (event) => {
    for (const open of document.querySelectorAll(".more[open]")) {
      if (!open.contains(event.target)) open.open = false;
    }
    const button = event.target.closest(".menu [data-do]");
    if (button) {
      const article = button.closest(".post");
      button.closest("details").open = false;
      acts[button.dataset.do](article, article.id.replace(/^p-/, ""));
    }
    const quoted = event.target.closest(".quoted");
    if (quoted) {
      event.preventDefault();
      light(document.getElementById(quoted.hash.slice(1)));
    }
  });
  document.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && document.querySelector(".more[open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  });
  // Near the top of the conversation the menu opens downwards.
  document.addEventListener("toggle", (event) => {
    if (!event.target.matches?.(".more[open]")) return;
    const top = document.getElementById("scroll").getBoundingClientRect().top;
    event.target.querySelector(".menu").classList.toggle("below", event.target.getBoundingClientRect().top - top < 190);
  }, true);
}

function light(article) {
  if (!article) return;
  article.scrollIntoView({ block: "center" });
  article.classList.add("lit");
  setTimeout(() => article.classList.remove("lit"), 1600);
}
