// Voice: recording one's own, and a small player for others'.
import { minutes, toast, word } from "./page.js";

const KINDS = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];
const LONGEST = 300; // seconds; a voice message is not a lecture
let recorder = null;

/** The recording button: press to begin, press to end; the recording joins the tray. */
export function openRecorder(add) {
  recorder?.stop();
  recorder = null;
  const button = document.getElementById("record");
  if (!button) return; // a visitor
  const clock = document.getElementById("recording");
  button.addEventListener("click", async () => {
    if (recorder) return recorder.stop();
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch {
      return chooseInstead(add); // refused, none there, or a page without https
    }
    const type = KINDS.find((kind) => MediaRecorder.isTypeSupported(kind));
    const mine = (recorder = new MediaRecorder(stream, type ? { mimeType: type } : {}));
    const parts = [];
    const started = Date.now();
    const ticking = setInterval(() => {
      const seconds = (Date.now() - started) / 1000;
      clock.textContent = minutes(seconds);
      if (seconds >= LONGEST) mine.stop();
    }, 250);
    mine.ondataavailable = (event) => parts.push(event.data);
    mine.onstop = () => {
      clearInterval(ticking);
      stream.getTracks().forEach((track) => track.stop());
      recorder = null;
      button.setAttribute("aria-pressed", "false");
      clock.hidden = true;
      if (!button.isConnected || Date.now() - started < 700) return; // a slip of the finger
      const kind = mine.mimeType.split(";")[0] || "audio/webm";
      const ending = { "audio/mp4": "m4a", "audio/ogg": "ogg" }[kind] ?? "webm";
      const seconds = Math.round((Date.now() - started) / 1000);
      const file = new File(parts, `${word("voiceName")} ${minutes(seconds).replace(":", "′")}.${ending}`, { type: kind });
      file.seconds = seconds;
      add([file]);
    };
    mine.start();
    button.setAttribute("aria-pressed", "true");
    clock.textContent = minutes(0);
    clock.hidden = false;
  });
}

function chooseInstead(add) {
  toast(word("noMicrophone"));
  const input = document.createElement("input");
  input.type = "file";
  input.accept = "audio/*";
  input.capture = "user";
  input.onchange = () => add([...input.files]);
  input.click();
}

/** Dress every plain <audio> of a fragment as our player; without this module the browser's own stays. */
export function dressVoices(root) {
  for (const box of root.querySelectorAll(".voice:not(.ready)")) {
    const audio = box.querySelector("audio");
    const play = box.querySelector(".play");
    const bar = box.querySelector("progress");
    const time = box.querySelector(".time");
    const whole = time.textContent;
    box.classList.add("ready");
    play.hidden = bar.hidden = false;
    play.addEventListener("click", () => (audio.paused ? audio.play().catch(() => toast(word("wentWrong"))) : audio.pause()));
    audio.addEventListener("play", () => {
      document.querySelectorAll(".voice audio").forEach((other) => other !== audio && other.pause());
      box.classList.add("playing");
    });
    audio.addEventListener("pause", () => box.classList.remove("playing"));
    audio.addEventListener("timeupdate", () => {
      if (Number.isFinite(audio.duration)) bar.value = (100 * audio.currentTime) / audio.duration;
      time.textContent = audio.currentTime ? minutes(audio.currentTime) : whole;
    });
    audio.addEventListener("ended", () => {
      bar.value = 0;
      time.textContent = whole;
    });
  }
}
