// What every request shares: one submit at a time, plain words when one fails, the login page in full.

const LONGEST_SUBMIT = 15000; // milliseconds

function say(text, kind = "fail") {
  const toasts = document.getElementById("toasts");
  // Pages that poll fail again and again for one reason.
  if ([...toasts.children].some((notice) => notice.textContent === text)) return;
  const notice = document.createElement("div");
  notice.className = `notice ${kind}`;
  notice.textContent = text;
  toasts.append(notice);
  setTimeout(() => notice.remove(), 8000);
}

// A preview is posted only because it is long; it must not hold up the submit that follows it.
const changesSomething = (detail) => detail.requestConfig?.verb !== "get" && !("preview" in detail.elt.dataset);

document.addEventListener("htmx:beforeRequest", (event) => {
  if (!changesSomething(event.detail)) {
    // Nobody looks: a poll can wait until somebody does.
    if (document.hidden) event.preventDefault();
    return;
  }
  if (document.body.getAttribute("aria-busy") === "true") {
    event.preventDefault();
    return;
  }
  document.body.setAttribute("aria-busy", "true");
});

// Filters that are not set stay out of the address.
document.addEventListener("htmx:configRequest", (event) => {
  const { verb, formData } = event.detail;
  if (verb !== "get") return;
  for (const [name, value] of [...formData.entries()]) {
    if (value === "") formData.delete(name);
  }
});

// After the swap has settled, so that a held key cannot reach what has just arrived.
for (const name of ["htmx:afterSettle", "htmx:responseError", "htmx:sendError", "htmx:timeout", "htmx:swapError"]) {
  document.addEventListener(name, () => document.body.removeAttribute("aria-busy"));
}
document.addEventListener("htmx:afterRequest", (event) => {
  const swapped = event.detail.successful || event.detail.xhr?.status === 422;
  if (!swapped || event.detail.xhr?.status === 204) document.body.removeAttribute("aria-busy");
});

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post" || event.target.dataset.preference) return;
  // What is sent for a file leads to no new page.
  if (event.submitter && "download" in event.submitter.dataset) return;
  if (document.body.getAttribute("aria-busy") === "true") event.preventDefault();
  else if (!event.target.hasAttribute("hx-post")) {
    document.body.setAttribute("aria-busy", "true");
    // A post that leads to no new page (a download, a lost connection) must not leave this one dead.
    setTimeout(() => document.body.removeAttribute("aria-busy"), LONGEST_SUBMIT);
  }
});
// A page that comes back from the browser's cache is not busy any more.
window.addEventListener("pageshow", () => document.body.removeAttribute("aria-busy"));

document.addEventListener("htmx:beforeSwap", (event) => {
  const address = event.detail.xhr.responseURL;
  if (address && new URL(address).pathname === "/login/") {
    event.detail.shouldSwap = false;
    window.location.assign(`/login/?next=${encodeURIComponent(window.location.pathname + window.location.search)}`);
  }
});
document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  const { status } = xhr;
  // A refusal is one sentence: what is missing and who has it.
  const isSentence = (xhr.getResponseHeader("Content-Type") ?? "").startsWith("text/plain");
  if (status === 403) say(isSentence ? xhr.responseText : "You have no permission for this.");
  else if (status === 404) say("This is no longer here. Reload the page.");
  else if (status === 503) say("The database does not answer. What was sent may not be saved; try again in a moment.");
  else say(`The server answered with error ${status}. Try again; if it stays, its log says why.`);
});
document.addEventListener("htmx:sendError", () => say("No connection to the server. Nothing was saved."));
document.addEventListener("htmx:timeout", () => say("The server took too long to answer. Reload to see what was saved."));
