// Voice messages: playing them with their wave, and recording them.

import { fileUrl, get } from "./api.js";
import { make, sign } from "./dom.js";
import { length, say } from "./words.js";

const BARS = 48;
const HEIGHT = 31;
let playing = null;

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries.filter((one) => one.isIntersecting)) {
    seen.unobserve(entry.target);
    entry.target.dispatchEvent(new Event("shown"));
  }
});

/** A player for a voice message or a piece of audio. */
export function player(file) {
  const audio = new Audio();
  audio.preload = "none";
  const button = make("button", { class: "round", type: "button", "aria-label": say("play") }, sign("play", true));
  const bars = [...Array(BARS)].map(() => make("i"));
  const wave = make("div", { class: "wave", role: "slider", tabindex: "0", "aria-label": say("play"), "aria-valuemin": "0", "aria-valuemax": String(file.duration), "aria-valuenow": "0" }, ...bars);
  const clock = make("span", { class: "clock", text: length(file.duration) });
  let real = 0; // what the sender claims may be anything, so the file itself is asked
  const total = () => real || file.duration || 1;

  const show = () => {
    const share = audio.currentTime / total();
    bars.forEach((bar, index) => bar.classList.toggle("done", index < share * BARS));
    clock.textContent = length(audio.currentTime || total());
    wave.setAttribute("aria-valuenow", String(Math.round(audio.currentTime)));
  };
  const face = () => {
    button.replaceChildren(sign(audio.paused ? "play" : "pause", audio.paused));
    button.setAttribute("aria-label", say(audio.paused ? "play" : "pause"));
  };
  const load = async () => { if (!audio.src) audio.src = await fileUrl(file.file_id, file.mime_type ?? "audio/ogg"); };
  button.addEventListener("click", async () => {
    if (!audio.paused) return audio.pause();
    await load();
    if (playing && playing !== audio) playing.pause();
    playing = audio;
    return audio.play();
  });
  const seek = async (share) => { await load(); audio.currentTime = Math.max(0, Math.min(1, share)) * total(); show(); };
  wave.addEventListener("click", (event) => seek(event.offsetX / wave.clientWidth));
  wave.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 5, ArrowLeft: -5 }[event.key];
    if (step) { event.preventDefault(); seek((audio.currentTime + step) / total()); }
  });
  for (const name of ["play", "pause", "ended"]) audio.addEventListener(name, face);
  audio.addEventListener("timeupdate", show);
  const whole = make("div", { class: "voice" }, button, make("div", {}, wave, clock));
  whole.addEventListener("shown", async () => {
    const { seconds, heights } = await get(`/play/wave/${encodeURIComponent(file.file_id)}`);
    real = seconds;
    wave.setAttribute("aria-valuemax", String(Math.round(total())));
    show();
    heights.forEach((height, index) => bars[index].style.setProperty("--h", String(height / HEIGHT)));
  });
  seen.observe(whole);
  return whole;
}

/** Begin to record; gives `{stop, discard}`. Raises what the browser says where there is no microphone. */
export async function record(onSecond) {
  if (!navigator.mediaDevices?.getUserMedia) throw new Error("no microphone in this browser");
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const recorder = new MediaRecorder(stream);
  const pieces = [];
  recorder.ondataavailable = (event) => pieces.push(event.data);
  const begun = Date.now();
  const ticking = setInterval(() => onSecond((Date.now() - begun) / 1000), 250);
  recorder.start(500);
  const end = () => new Promise((resolve) => {
    clearInterval(ticking);
    recorder.onstop = () => {
      for (const track of stream.getTracks()) track.stop();
      resolve(new Blob(pieces, { type: recorder.mimeType }));
    };
    recorder.stop();
  });
  return { stop: end, discard: end };
}
