// Looks switch at once; the form post that works without this script then only remembers them.

const root = document.documentElement;

function show(field, value) {
  root.dataset[field] = value;
  for (const button of document.querySelectorAll(`[data-preference="${field}"] button`)) {
    button.setAttribute("aria-pressed", String(button.value === value));
  }
  document.dispatchEvent(new CustomEvent("looks:changed", { detail: { field, value } }));
}

/** Set one preference (theme, palette, digits) on the page and remember it. */
export function choose(field, value) {
  const form = document.querySelector(`[data-preference="${field}"]`);
  if (!form) return;
  const body = new FormData(form);
  body.set(field, value);
  show(field, value);
  // Arrives even where the page is left at this moment.
  fetch(form.action, { method: "POST", body, redirect: "manual", keepalive: true });
}

document.addEventListener("submit", (event) => {
  const field = event.target.dataset.preference;
  if (!field || !event.submitter) return;
  event.preventDefault();
  choose(field, event.submitter.value);
});
