// Decisions on their way. They are sent one after another behind the page and stay in the browser until the server has
// them: each carries its form's key, so that sending it again stores nothing twice. Every page sends what is left over.

import { store } from "./storage.js";

const LONGEST_SEND = 15000; // milliseconds
const WAITS = [1000, 2000, 5000, 15000, 30000];
const KEEPALIVE_BYTES = 60000; // browsers refuse to keep more alive
const prefix = `outbox:${document.body.dataset.user}:`;
let sending = null;
let failures = 0;
let timer = 0;

/** One that waits under a name; a browser may still keep some that tell their trace only. */
function read(stored) {
  const entry = JSON.parse(localStorage.getItem(stored));
  return { kind: "trace", id: entry.trace, name: `trace ${entry.trace}`, ...entry, stored };
}

function entries() {
  const found = [];
  for (let index = 0; index < localStorage.length; index += 1) {
    const name = localStorage.key(index);
    if (name.startsWith(prefix)) found.push(read(name));
  }
  return found.sort((one, other) => one.at - other.at);
}

const csrfToken = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];

/** Notices that stay until they are closed or no longer true; `id` names one that is replaced. */
function notice(id, text, link) {
  document.getElementById(id)?.remove();
  const box = document.createElement("div");
  box.id = id;
  box.className = "notice fail";
  box.setAttribute("role", "alert");
  const words = document.createElement("div");
  const said = document.createElement("p");
  said.textContent = text;
  const row = document.createElement("div");
  row.className = "cluster";
  row.append(link);
  words.append(said, row);
  box.append(words);
  document.getElementById("toasts").append(box);
  return box;
}

function action(words, to) {
  const element = document.createElement(typeof to === "string" ? "a" : "button");
  element.className = "button small";
  element.textContent = words;
  if (typeof to === "string") element.href = to;
  else {
    element.type = "button";
    element.addEventListener("click", to);
  }
  return element;
}

function closer() {
  const button = action("Close", () => {});
  button.className = "button small quiet";
  button.dataset.closeNotice = "";
  return button;
}

function sayWaiting(why, link) {
  const count = entries().length;
  const what = count === 1 ? "A decision is" : `${count} decisions are`;
  notice("outbox-waits", `${what} not stored yet: ${why} Kept in this browser and sent again until stored.`, link);
}

function sayRefused(entry, why) {
  const name = entry.name[0].toUpperCase() + entry.name.slice(1);
  const box = notice(`refused-${entry.kind}-${entry.id}`, `${name} is not decided: ${why} What you entered is kept.`, action(`Back to ${entry.name}`, entry.page));
  box.querySelector(".cluster").append(closer());
}

function remove(entry) {
  localStorage.removeItem(entry.stored);
}

async function sentence(response) {
  const isSentence = (response.headers.get("Content-Type") ?? "").startsWith("text/plain");
  if (isSentence) return response.text();
  return response.status === 404 ? "It is no longer here." : `The server refused it with error ${response.status}.`;
}

/** Send one; whether it is settled, stored or refused, so that the next one may go. */
async function send(entry) {
  let response;
  try {
    response = await fetch(entry.action, {
      method: "POST",
      headers: { "HX-Request": "true", "X-CSRFToken": csrfToken(), "Content-Type": "application/x-www-form-urlencoded" },
      body: entry.body,
      keepalive: entry.body.length < KEEPALIVE_BYTES,
      signal: AbortSignal.timeout(LONGEST_SEND),
    });
  } catch {
    sayWaiting("no connection to the server.", action("Send now", sendAll));
    return false;
  }
  if (response.redirected && new URL(response.url).pathname === "/login/") {
    const back = encodeURIComponent(window.location.pathname + window.location.search);
    sayWaiting("you are logged out.", action("Log in", `/login/?next=${back}`));
    return false;
  }
  if (response.headers.has("X-Stale")) {
    sayWaiting("this page is older than your login or your choice of a project.", action("Reload", () => window.location.reload()));
    return false;
  }
  if (response.status >= 500) {
    sayWaiting(`the server answered with error ${response.status}.`, action("Send now", sendAll));
    return false;
  }
  if (response.ok) {
    const html = await response.text();
    remove(entry);
    // The draft ends with the decision, unless it has been changed since.
    if (localStorage.getItem(entry.draft.name) === entry.draft.text) localStorage.removeItem(entry.draft.name);
    // Progress, undo and news go where the page has a place for them.
    const target = document.body;
    htmx.swap(target, html, { swapStyle: "none", swapDelay: 0, settleDelay: 0 }, { eventInfo: { target } });
    document.dispatchEvent(new CustomEvent("outbox:stored", { detail: { entry } }));
  } else {
    sayRefused(entry, await sentence(response));
    remove(entry);
  }
  return true;
}

async function drain() {
  for (let [entry] = entries(); entry; [entry] = entries()) {
    if (!(await send(entry))) {
      timer = setTimeout(sendAll, WAITS[Math.min(failures, WAITS.length - 1)]);
      failures += 1;
      return false;
    }
    failures = 0;
  }
  document.getElementById("outbox-waits")?.remove();
  return true;
}

/** Send what there is; true once nothing is left, false where the server cannot be reached. */
export function sendAll() {
  clearTimeout(timer);
  sending ??= drain().finally(() => { sending = null; });
  return sending;
}

export const isEmpty = () => entries().length === 0;
/** What of a kind is decided already, and on its way. */
export const underWay = (kind) => entries().filter((entry) => entry.kind === kind).map((entry) => entry.id);

/** Keep a decision, {key, kind, id, name, page, action, body, draft}, to be sent by `sendAll`; a draft is {name, text}.
 *  Whether the browser could keep it: its storage may be full or forbidden. */
export function keep(entry) {
  const last = entries().at(-1);
  const at = Math.max(Date.now(), (last?.at ?? 0) + 1);
  return store(prefix + entry.key, JSON.stringify({ ...entry, at }));
}

window.addEventListener("online", sendAll);
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close-notice]")) event.target.closest(".notice").remove();
});
if (!isEmpty()) sendAll();
