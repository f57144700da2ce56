// Reviewing: drafts that survive leaving the page, reasons that reject by themselves, time spent looking, the next trace
// fetched ahead and shown at once, while the decision is sent behind it.

import { arrived, expect, give, hold, holdToo, leaseOf, release } from "./leases.js";
import { isEmpty, keep, sendAll, underWay } from "./outbox.js";
import { store } from "./storage.js";
import { showLabels } from "./trace.js";

// What a form is sent with that nobody enters.
const GIVEN = ["csrfmiddlewaretoken", "key", "lease", "despite", "seconds", "then", "skip_reason"];
// Milliseconds looked at this trace, and when there was last a sign that somebody looks.
let looked = 0;
let activeAt = performance.now();
let wasHidden = document.hidden;

// Milliseconds without a key, a click or a movement after which nobody looks any more.
const IDLE = 60000;
// The next trace, {address, html, trace, lease}; null while it is fetched and where there is none.
let ahead = null;
let fetching = null;
let isOrdinary = false;

// Milliseconds during which what has just come up takes no key and no click: nobody has seen it yet.
const LEAST_LOOK = 150;

// What is decided on: a trace, all samples of a problem, or a generated problem.
const subject = () => document.querySelector("[data-decide]");
const form = () => document.getElementById("review-form");

function draftKey() {
  const { kind, subject: id } = subject().dataset;
  const { user } = document.body.dataset;
  return kind === "trace" ? `draft:${user}:${id}` : `draft:${user}:${kind}:${id}`;
}

/** Everything that is entered: the values of each field by its name. */
function saveDraft() {
  const values = new FormData(form());
  const names = [...new Set(values.keys())].filter((name) => !GIVEN.includes(name));
  const isKept = store(draftKey(), JSON.stringify(Object.fromEntries(names.map((name) => [name, values.getAll(name)]))));
  document.getElementById("draft-unkept").hidden = isKept;
}

function applyDraft(draft) {
  // Labels count the steps of the page that they were given on.
  const isCutAlike = ([draft.cut ?? ""].flat()[0] ?? "") === (form().elements.cut?.value ?? "");
  for (const field of form().elements) {
    if (!field.name || GIVEN.includes(field.name) || field.type === "submit" || field.name === "cut") continue;
    if (field.name === "step_labels" && !isCutAlike) continue;
    const values = [draft[field.name] ?? ""].flat();
    if (field.matches("[type=radio], [type=checkbox]")) field.checked = values.includes(field.value);
    else field.value = values[0] ?? "";
  }
  showLabels();
  document.dispatchEvent(new CustomEvent("draft:restored"));
}

function restoreDraft() {
  const stored = localStorage.getItem(draftKey());
  if (!stored || form().querySelector("[role=alert]")) return;
  applyDraft(JSON.parse(stored));
  document.getElementById("draft-note").hidden = false;
}

/** Count the time since the last sign of somebody; of a longer silence no more than IDLE. */
function count() {
  const now = performance.now();
  if (!wasHidden) looked += Math.min(now - activeAt, IDLE);
  activeAt = now;
  wasHidden = document.hidden;
}

function secondsLooked() {
  count();
  return looked / 1000;
}

for (const name of ["visibilitychange", "keydown", "pointerdown", "pointermove", "wheel", "scroll"]) {
  document.addEventListener(name, count, { passive: true, capture: true });
}

document.addEventListener("input", (event) => {
  if (event.target.form === form() && form()) saveDraft();
});
document.addEventListener("change", (event) => {
  const { target } = event;
  if (!form() || target.form !== form()) return;
  // A reason says "reject" by itself, so that one key does both.
  if (target.name === "reason" && form().elements.decision) form().elements.decision.value = "reject";
  saveDraft();
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-draft-drop]")) return;
  localStorage.removeItem(draftKey());
  window.location.reload();
});

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt === form()) event.detail.parameters.set("seconds", secondsLooked().toFixed(3));
});
document.addEventListener("htmx:beforeSwap", (event) => {
  const { requestConfig, xhr } = event.detail;
  // The draft ends with the submission that was taken; one that came back with errors (422) is still a draft.
  if (requestConfig?.elt === form() && xhr.status === 200) localStorage.removeItem(draftKey());
});

/** What would be refused goes the ordinary way, so that the refusal comes on the spot. */
function isComplete(values) {
  if ([...form().querySelectorAll("[data-longest]")].some(({ value, dataset }) => value.length > Number(dataset.longest))) return false;
  const rows = form().closest("[data-group]");
  if (rows) return rows.dataset.group === "complete";
  const unscored = [...form().querySelectorAll(".rubric-row")].some((row) => !row.querySelector(":checked"));
  if (values.get("decision") === "accept") return !unscored;
  const reason = values.get("reason");
  return values.get("decision") === "reject" && Boolean(reason) && (reason !== "other" || Boolean(values.get("comment").trim()));
}

const isBusy = () => document.body.getAttribute("aria-busy") === "true";

document.addEventListener("click", (event) => {
  // The second click of a double click would be about the trace that the first has brought.
  if (event.detail > 1 && event.target.closest("#review button, #review a")) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  if (event.target.closest("#accept-next") && !isBusy()) {
    form().elements.decision.value = "accept";
    saveDraft();
    form().requestSubmit(form().querySelector("[name=then][value=next]"));
  }
  const isPlain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (event.target.closest("[data-following]") && isPlain && ahead && !isBusy()) {
    event.preventDefault();
    event.stopImmediatePropagation();
    showAhead();
  }
}, true);

document.addEventListener("submit", (event) => {
  if (event.target !== form() || !form()) return;
  if (form().elements.seconds) form().elements.seconds.value = secondsLooked().toFixed(3);
  const skips = Boolean(event.submitter?.matches("[data-skip]"));
  if (isOrdinary || event.submitter?.value === "stay" || !(skips || isComplete(new FormData(form())))) return;
  if (isBusy()) {
    event.preventDefault();
    event.stopImmediatePropagation();
  } else if (ahead || fetching) {
    event.preventDefault();
    event.stopImmediatePropagation();
    submitBehind(event.submitter);
  }
}, true);

// A form that the browser sends by itself leaves the page, and the lease has to be there when it arrives.
window.addEventListener("submit", (event) => {
  if (event.target === form() && !event.defaultPrevented) give(subject().dataset.token);
});

async function submitBehind(submitter) {
  document.body.setAttribute("aria-busy", "true");
  if (!ahead) await fetching;
  if (!ahead || !keep(pack(submitter))) {
    // A form that is just being submitted passes over a second submission of itself.
    await new Promise((resolve) => { setTimeout(resolve); });
    document.body.removeAttribute("aria-busy");
    isOrdinary = true;
    form().requestSubmit(submitter);
    isOrdinary = false;
    return;
  }
  // The server ends the lease with the decision, and until then it says what this page knew.
  give(subject().dataset.token);
  showAhead();
  sendAll();
}

/** The decision as it is sent, or that the trace is skipped. */
function pack(submitter) {
  const values = new FormData(form());
  values.set("then", "behind");
  values.delete("csrfmiddlewaretoken");
  const { kind, subject: id, name } = subject().dataset;
  const { pathname, search } = window.location;
  return {
    key: values.get("key"),
    kind,
    id,
    name,
    page: pathname + search,
    action: submitter?.getAttribute("formaction") ?? form().getAttribute("action"),
    body: new URLSearchParams(values).toString(),
    draft: { name: draftKey(), text: localStorage.getItem(draftKey()) },
  };
}

/** Put the trace that was fetched ahead in the place of this one, as if it had been gone to. */
function showAhead() {
  const { address, html } = ahead;
  document.body.setAttribute("aria-busy", "true");
  const kept = ["review-count", "review-bar", "review-session", "undo-offer"].map((id) => document.getElementById(id));
  window.history.replaceState({ htmx: true }, "", window.location.href);
  window.history.pushState({ htmx: true }, "", address);
  const target = subject();
  htmx.swap(target, html, { swapStyle: "outerHTML", swapDelay: 0, settleDelay: 0 }, { eventInfo: { target } });
  window.scrollTo(0, 0);
  // How far one is was told later than this trace was fetched.
  for (const part of kept) {
    const place = part && document.getElementById(part.id);
    if (!place) continue;
    place.outerHTML = part.outerHTML;
    htmx.process(document.getElementById(part.id));
  }
  document.body.setAttribute("aria-busy", "true");
  requestAnimationFrame(() => requestAnimationFrame(() => {
    setTimeout(() => document.body.removeAttribute("aria-busy"), LEAST_LOOK);
  }));
}

document.addEventListener("outbox:stored", ({ detail: { entry } }) => {
  const here = subject();
  const isHere = here?.dataset.subject === entry.id && here.dataset.kind === entry.kind;
  // Somebody went back to it meanwhile; what they have entered since stays.
  if (isHere && !localStorage.getItem(draftKey())) {
    htmx.ajax("GET", window.location.href, { target: here, swap: "outerHTML" });
  }
});

// Undo is about the last decision: that one has to be stored first.
document.addEventListener("htmx:confirm", (event) => {
  if (!event.target.matches(".undo-form") || isEmpty()) return;
  event.preventDefault();
  sendAll().then((isStored) => { if (isStored) document.querySelector(".undo-form")?.requestSubmit(); });
});

/** What comes next is fetched, and leased, while this is read. */
async function fetchAhead() {
  ahead = null;
  const link = document.querySelector("[data-following]");
  const current = subject();
  if (!link) {
    hold([leaseOf(current)]);
    return;
  }
  const address = new URL(link.href);
  for (const id of underWay(current.dataset.kind)) address.searchParams.append("but", id);
  const token = expect(current.dataset.leases);
  const response = await fetch(address, { headers: { "HX-Request": "true", "X-Ahead": token } }).catch(() => null);
  if (response?.status !== 200 || response.redirected) {
    arrived(token);
    if (current.isConnected) hold([leaseOf(current)]);
    return;
  }
  const html = await response.text();
  arrived(token);
  const page = new DOMParser().parseFromString(html, "text/html");
  const lease = leaseOf(page.querySelector("[data-decide]"));
  if (!current.isConnected) {
    // What is being fetched now may be the same trace.
    if (!fetching) release(lease);
    return;
  }
  for (const image of page.images) new Image().src = image.src;
  ahead = { address: response.headers.get("HX-Push-Url"), html, lease };
  hold([leaseOf(current), lease]);
}

function arrive() {
  const here = leaseOf(subject());
  if (!form()) {
    hold([]);
    return;
  }
  count();
  looked = 0;
  restoreDraft();
  // What was on the screen or fetched ahead may come next, in the order it was handed out: let go of on the way, the
  // first of them would be passed over after an undo. What does not come next is let go once it is known what does.
  holdToo(here);
  const mine = fetchAhead().finally(() => { if (fetching === mine) fetching = null; });
  fetching = mine;
}

document.addEventListener("lease:lost", ({ detail }) => {
  if (ahead?.lease?.token === detail) fetching = fetchAhead();
});
document.addEventListener("htmx:load", (event) => {
  if (event.target.matches("[data-decide], #trace, #candidate")) arrive();
});
arrive();
