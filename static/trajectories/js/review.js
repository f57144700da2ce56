// Judging: drafts that survive leaving the page, reasons that reject by themselves, time spent looking, the next trace
// fetched ahead.

import { showLabels } from "./trace.js";

const FIELDS = ["decision", "reason", "score", "comment", "step_labels"];
let lookedSince = performance.now();
let lookedBefore = 0;
let ahead = null;

const form = () => document.getElementById("review-form");

function draftKey() {
  const { trace, user } = document.getElementById("trace").dataset;
  return `draft:${user}:${trace}`;
}

function saveDraft() {
  const values = new FormData(form());
  const draft = Object.fromEntries(FIELDS.map((name) => [name, values.get(name) ?? ""]));
  localStorage.setItem(draftKey(), JSON.stringify(draft));
}

function applyDraft(draft) {
  for (const name of FIELDS) {
    const field = form().elements[name];
    if (field) field.value = draft[name] ?? "";
  }
  showLabels();
}

function restoreDraft() {
  const stored = localStorage.getItem(draftKey());
  if (!stored || form().querySelector("[role=alert]")) return;
  applyDraft(JSON.parse(stored));
  document.getElementById("draft-note").hidden = false;
}

function secondsLooked() {
  return (lookedBefore + (document.hidden ? 0 : performance.now() - lookedSince)) / 1000;
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) lookedBefore += performance.now() - lookedSince;
  lookedSince = performance.now();
});

document.addEventListener("input", (event) => {
  if (event.target.form === form() && form()) saveDraft();
});
document.addEventListener("change", (event) => {
  const { target } = event;
  if (!form() || target.form !== form()) return;
  // A reason says "reject" by itself, so that one key does both.
  if (target.name === "reason") form().elements.decision.value = "reject";
  saveDraft();
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-draft-drop]")) return;
  localStorage.removeItem(draftKey());
  window.location.reload();
});

document.addEventListener("submit", (event) => {
  if (event.target === form()) form().elements.seconds.value = secondsLooked().toFixed(1);
}, true);
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt !== form()) return;
  event.detail.parameters.set("seconds", secondsLooked().toFixed(1));
  if (ahead) event.detail.headers["X-Ahead"] = ahead.address;
});
document.addEventListener("htmx:beforeSwap", (event) => {
  const { requestConfig, xhr } = event.detail;
  // The draft ends with the submission that was taken; one that came back with errors (422) is still a draft.
  if (requestConfig?.elt !== form() || xhr.status !== 200) return;
  localStorage.removeItem(draftKey());
  if (xhr.getResponseHeader("X-Ahead") === "used") event.detail.serverResponse = withPanel(ahead.html, xhr.responseText);
});

/** The trace to come is fetched while this one is read; what may change meanwhile comes with the submission. */
async function fetchAhead() {
  ahead = null;
  const link = document.querySelector("[data-following]");
  if (!link) return;
  const address = link.getAttribute("href");
  const response = await fetch(address, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!response?.ok || response.redirected) return;
  const html = await response.text();
  if (link.isConnected) ahead = { address, html };
}

function withPanel(html, panel) {
  const page = new DOMParser().parseFromString(html, "text/html");
  page.getElementById("judge").outerHTML = panel;
  return page.head.innerHTML + page.body.innerHTML;
}

function arrive() {
  if (!form()) return;
  lookedSince = performance.now();
  lookedBefore = 0;
  restoreDraft();
  fetchAhead();
}

document.addEventListener("htmx:load", (event) => {
  if (event.target.id === "trace") arrive();
});
arrive();
