// Photos large: a dialog with the photos of one message, by finger, mouse or keyboard.

const dialog = document.getElementById("viewer");
const image = dialog.querySelector("img");
let photos = [];
let at = 0;

function show(index) {
  at = (index + photos.length) % photos.length;
  image.src = photos[at].href;
  image.alt = photos[at].querySelector("img").alt;
}

const acts = {
  close: () => dialog.close(),
  previous: () => show(at - 1),
  next: () => show(at + 1),
};

export function startViewer() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-photo]");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    photos = [...link.closest(".album").querySelectorAll("a[data-photo]")];
    show(photos.indexOf(link));
    dialog.querySelectorAll('[data-do="previous"], [data-do="next"]').forEach((one) => { one.hidden = photos.length < 2; });
    dialog.showModal();
  });
  dialog.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (button) acts[button.dataset.do]();
    else dialog.close();
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") acts.previous();
    if (event.key === "ArrowRight") acts.next();
  });
  dialog.addEventListener("close", () => {
    image.removeAttribute("src");
    photos[at]?.focus();
  });
}
