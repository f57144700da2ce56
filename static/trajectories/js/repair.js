// Editing a trace: every keystroke is kept in the browser until the server has the edit, and is back after a reload, a
// lost connection or a crash. The key of the form is kept with it, so that sending it again makes no second trace.
// An item of a queue that the edit began from stays this reviewer's meanwhile.

import { hold, leaseOf } from "./leases.js";
import { store } from "./storage.js";

const form = document.getElementById("repair-form");
const name = form.dataset.draft;
const FIELDS = [...form.elements].filter((field) => field.name === "note" || field.matches("textarea")).map((field) => field.name);
const first = Object.fromEntries(FIELDS.map((field) => [field, form.elements[field].defaultValue]));
const show = (id, isShown) => { document.getElementById(id).hidden = !isShown; };

const read = () => Object.fromEntries(FIELDS.map((field) => [field, form.elements[field].value]));
const isChanged = (values) => FIELDS.some((field) => values[field] !== first[field]);

function keep() {
  const values = read();
  if (!isChanged(values)) localStorage.removeItem(name);
  const isKept = isChanged(values) && store(name, JSON.stringify({ key: form.elements.key.value, values }));
  show("repair-kept", isKept);
  show("repair-unkept", isChanged(values) && !isKept);
}

function restore() {
  const stored = localStorage.getItem(name);
  // A form that came back with a fault holds what was sent.
  if (!stored || form.querySelector("[data-faults]")) return;
  const { key, values } = JSON.parse(stored);
  for (const field of FIELDS) if (field in values) form.elements[field].value = values[field];
  form.elements.key.value = key;
  show("repair-restored", true);
  // htmx listens from then on.
  const compare = () => htmx.trigger("#repair-preview", "repair:changed");
  if (document.readyState === "complete") compare();
  else window.addEventListener("load", compare, { once: true });
}

form.addEventListener("input", keep);
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-repair-drop]")) return;
  localStorage.removeItem(name);
  window.location.reload();
});
for (const button of form.querySelectorAll("[data-no-script]")) button.hidden = true;
hold([leaseOf(form)]);
// Leaving the box with Escape, the keys of the page work again; the first box has the words to edit.
form.querySelector("textarea")?.focus({ preventScroll: true });
restore();
