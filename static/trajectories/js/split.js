// How wide the decision form is: the line before it is dragged, or moved by arrow keys while it has the focus, and
// remembered in this browser. The form never gets narrower than it is made for, and leaves the reading column its place.

import { store } from "./storage.js";

const STORED = "minicolumn.side";
const LEAST = 25; // rem
const READING = 22;
const OUTLINE = 15;

const root = document.documentElement;
const line = (event) => event.target.closest?.(".split");
const rem = () => parseFloat(getComputedStyle(root).fontSize);

const most = (columns) => Math.max(LEAST, Math.floor(columns.clientWidth / rem() - READING - OUTLINE));

function set(width) {
  root.style.setProperty("--side", `${width}rem`);
  store(STORED, String(width));
}

function move(separator, width) {
  const top = most(separator.parentElement);
  const next = Math.round(Math.min(top, Math.max(LEAST, width)));
  set(next);
  separator.setAttribute("aria-valuemax", String(top));
  separator.setAttribute("aria-valuenow", String(next));
}

const width = () => parseFloat(root.style.getPropertyValue("--side")) || LEAST;

// Before the keys of the page: here an arrow is no way to another trace.
document.addEventListener("keydown", (event) => {
  const separator = line(event);
  const next = { ArrowLeft: width() + 1, ArrowRight: width() - 1, Home: LEAST, End: Infinity }[event.key];
  if (!separator || next === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  move(separator, Math.min(next, most(separator.parentElement)));
}, true);

document.addEventListener("focusin", (event) => {
  if (line(event)) move(line(event), width());
});

document.addEventListener("pointerdown", (event) => {
  const separator = line(event);
  if (!separator || event.button) return;
  separator.setPointerCapture(event.pointerId);
  const right = separator.parentElement.getBoundingClientRect().right;
  const drag = ({ clientX }) => move(separator, (right - clientX) / rem());
  separator.addEventListener("pointermove", drag);
  separator.addEventListener("lostpointercapture", () => separator.removeEventListener("pointermove", drag), { once: true });
});
document.addEventListener("dblclick", (event) => { if (line(event)) move(line(event), LEAST); });

const stored = Number(localStorage.getItem(STORED));
if (stored > LEAST) {
  const columns = document.querySelector(".trace-columns");
  if (columns) root.style.setProperty("--side", `${Math.min(stored, most(columns))}rem`);
}
root.dataset.split = "";
