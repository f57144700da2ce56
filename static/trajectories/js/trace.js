// Reading a trace: the current step (j, k, clicks), its label (g, b, n), digits in grids (d).
// Thoughts fold all together (z), and stay as they were left on the traces to come.
// Labels live in the form's hidden field as {"3": "bad"}; a step without a label was not looked at.

import { store } from "./storage.js";

const WORDS = { good: ["pass", "good"], bad: ["fail", "bad"], neutral: ["unscored", "neutral"], unseen: ["pending", "after the error"] };
const FIRST_ERROR = "first-error";
let current = 0;

const page = () => document.getElementById("trace");
let shown = page()?.dataset.subject;
const steps = () => Number(page()?.dataset.steps ?? 0);
const field = () => document.querySelector("#review-form [name=step_labels]");

export function readLabels() {
  try {
    return JSON.parse(field()?.value || "{}");
  } catch {
    return {};
  }
}

/** Whether the first bad step settles the others: those before it are good, those after it are not labelled. */
function endsAtError() {
  const asked = document.querySelector("#review-form [name=first_error]");
  return Boolean(asked) && (asked.type === "hidden" || asked.checked);
}

/** The labels as they will be stored, see settle_first_error in core/curation/reviews.py. */
function settledLabels() {
  const given = readLabels();
  if (!endsAtError()) return given;
  const errors = Object.keys(given).filter((index) => given[index] === "bad").map(Number);
  const settled = Object.fromEntries(Object.entries(given).filter(([, label]) => label !== "unseen"));
  if (!errors.length) return settled;
  const first = Math.min(...errors);
  for (let index = 0; index < steps(); index += 1) {
    if (index < first) settled[index] ??= "good";
    else if (index > first) settled[index] = "unseen";
  }
  return settled;
}

export function showLabels() {
  const labels = settledLabels();
  for (const place of document.querySelectorAll("[data-step-label]")) {
    const label = labels[place.dataset.stepLabel];
    place.hidden = !label;
    place.className = `step-label badge ${label ? WORDS[label]?.[0] ?? "" : ""}`;
    place.textContent = label ? WORDS[label]?.[1] ?? "" : "";
  }
  for (const entry of document.querySelectorAll("[data-outline]")) {
    entry.toggleAttribute("data-label", false);
    if (labels[entry.dataset.outline]) entry.dataset.label = labels[entry.dataset.outline];
  }
  for (const button of document.querySelectorAll("[data-label-step]")) {
    button.setAttribute("aria-pressed", String(labels[current] === button.dataset.labelStep));
  }
}

function showCurrent() {
  for (const step of document.querySelectorAll(".step.current")) step.classList.remove("current");
  for (const entry of document.querySelectorAll("[data-outline][aria-current]")) entry.removeAttribute("aria-current");
  const step = document.getElementById(`step-${current}`);
  const entry = document.querySelector(`[data-outline="${current}"]`);
  step?.classList.add("current");
  entry?.setAttribute("aria-current", "step");
  const name = document.querySelector("[data-current-step]");
  if (name) name.textContent = `Step ${current + 1}: ${step?.querySelector("h3")?.textContent ?? ""}`;
  showLabels();
  return [step, entry];
}

const LONGEST_REVEAL = 10_000;  // milliseconds
const FOLDED = "thoughts-folded";
const thoughts = () => [...document.querySelectorAll("details[data-thoughts]")];
const isFolded = (index) => Boolean(document.getElementById(`step-${index}`)?.closest("details:not([open])"));

/** Thoughts as they were left, in what has come just now: what is opened elsewhere to read one place in it stays open. */
function foldThoughts(within = document) {
  const open = localStorage.getItem(FOLDED) !== "yes";
  for (const part of thoughts()) if (within.contains(part)) part.open = open;
}

/** A reader folds one of them; what the browser opens by itself, to show a place in it, is not kept. */
document.addEventListener("click", (event) => {
  const part = event.target.closest("details[data-thoughts] > summary")?.parentElement;
  if (!part) return;
  event.preventDefault();
  store(FOLDED, part.open ? "yes" : "no");
  foldThoughts();
});

/** The step to go to in a direction: what is folded away is passed over, and where nothing follows one stays. */
function unfolded(index, direction) {
  let place = index;
  while (place >= 0 && place < steps() && isFolded(place)) place += direction;
  return place >= 0 && place < steps() ? place : isFolded(current) ? index : current;
}

/** Steps far down a long trace come when they are reached: have the range with this one in the page. */
async function reveal(index) {
  if (document.getElementById(`step-${index}`)) return;
  const ranges = [...document.querySelectorAll("[data-range-first]")];
  const range = ranges.find(({ dataset }) => Number(dataset.rangeFirst) <= index && index <= Number(dataset.rangeLast));
  if (!range) return;
  const waiting = new AbortController();
  const arrived = new Promise((done) => {
    // Other parts of the page come too, and may come before.
    const look = () => { if (document.getElementById(`step-${index}`)) done(); };
    document.addEventListener("htmx:load", look, { signal: waiting.signal });
  });
  range.dispatchEvent(new CustomEvent("reveal"));
  await Promise.race([arrived, new Promise((done) => setTimeout(done, LONGEST_REVEAL))]);
  waiting.abort();
}

async function goTo(index, scroll) {
  if (!steps()) return;
  current = Math.max(0, Math.min(steps() - 1, index));
  if (scroll && !document.getElementById(`step-${current}`)) await reveal(current);
  const [step, entry] = showCurrent();
  if (!scroll) return;
  step?.scrollIntoView({ block: "start" });
  const outline = entry?.closest(".outline");
  if (outline) outline.scrollTop = entry.offsetTop - outline.clientHeight / 2;
}

function labelStep(label) {
  const labels = readLabels();
  // What only followed from an error follows anew.
  for (const index of Object.keys(labels)) if (labels[index] === "unseen") delete labels[index];
  if (labels[current] === label) delete labels[current];
  else labels[current] = label;
  // In the mode of first errors what comes before the first wrong step is good, unless somebody has said otherwise.
  if (label === "bad" && labels[current] && page()?.dataset.stepMode === "first_error") {
    for (let earlier = 0; earlier < current; earlier += 1) labels[earlier] ??= "good";
  }
  field().value = JSON.stringify(labels);
  field().dispatchEvent(new Event("input", { bubbles: true }));
  showLabels();
}

/** Whether the first press of j should stay on step 1: nobody has been anywhere yet. */
let untouched = true;

document.addEventListener("click", (event) => {
  const mover = event.target.closest("[data-step-move]");
  if (mover) {
    const direction = Number(mover.dataset.stepMove);
    goTo(unfolded(untouched ? 0 : current + direction, untouched ? 1 : direction), true);
    untouched = false;
    return;
  }
  const labeller = event.target.closest("[data-label-step]");
  if (labeller) return labelStep(labeller.dataset.labelStep);
  if (event.target.closest("[data-toggle-digits]")) {
    document.querySelector('[data-preference="digits"] button[aria-pressed="false"]')?.click();
    return;
  }
  const jump = event.target.closest("[data-step-jump]");
  if (jump && page() && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    return jumpTo(Number(jump.dataset.stepJump));
  }
  const place = event.target.closest("[data-outline], [data-step]");
  if (place && steps()) {
    untouched = false;
    const index = Number(place.dataset.outline ?? place.dataset.step);
    const fold = place.dataset.outline && document.getElementById(`step-${index}`)?.closest("details:not([open])");
    if (fold) fold.open = true;
    // What the outline leads to may still be on its way.
    goTo(index, place.dataset.outline !== undefined && !document.getElementById(`step-${index}`));
  }
});

/** The draft of an edit ends on the page of the trace that was made of it. */
function endDraft() {
  const saved = document.querySelector("[data-saved-repair]");
  if (!saved) return;
  const name = `repair:${document.body.dataset.user}:${saved.dataset.repaired}`;
  const kept = localStorage.getItem(name);
  if (kept && JSON.parse(kept).key === saved.dataset.savedRepair) localStorage.removeItem(name);
}

document.addEventListener("change", (event) => {
  if (!event.target.matches("#review-form input[type=checkbox][name=first_error]")) return;
  store(FIRST_ERROR, event.target.checked ? "yes" : "no");
  showLabels();
});

/** Go to a step and give it the address that others can follow. */
function jumpTo(index) {
  untouched = false;
  history.replaceState(history.state, "", `#step-${index}`);
  const fold = document.getElementById(`step-${index}`)?.closest("details:not([open])");
  if (fold) fold.open = true;
  return goTo(index, true);
}

/** The step that the address names (#step-12), as the page opens or the address changes. */
function followAddress() {
  const [, index] = /^#step-(\d{1,7})$/.exec(location.hash) ?? [];
  if (index !== undefined && page()) jumpTo(Number(index));
}

function arrive(loaded = document) {
  endDraft();
  const asked = document.querySelector("#review-form input[type=checkbox][name=first_error]");
  if (asked) asked.checked = localStorage.getItem(FIRST_ERROR) === "yes";
  foldThoughts(loaded);
  for (const element of document.querySelectorAll("[data-needs-script]")) element.hidden = false;
  showCurrent();
}

/** Whether this is the same trace once more, and htmx has kept the focus on something that is no field of the form. */
function isRenewed() {
  const focused = document.activeElement;
  return page().dataset.subject === shown && page().contains(focused) && !focused.closest("#review-form");
}

document.addEventListener("htmx:load", (event) => {
  if (event.target.id === "trace" && !isRenewed()) {
    shown = page().dataset.subject;
    current = 0;
    untouched = true;
    page().querySelector("h1")?.focus({ preventScroll: true });
  }
  arrive(event.target);
});
addEventListener("hashchange", followAddress);
arrive();
// Once htmx has seen the page too: it is htmx that fetches what is not there yet.
document.addEventListener("DOMContentLoaded", () => setTimeout(followAddress));
