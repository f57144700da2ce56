// What somebody has opened by hand is open on the next visit too. The server opens what has a fault in it.

import { store } from "./storage.js";

const keyOf = (fold) => `fold:${fold.id}`;

for (const fold of document.querySelectorAll("details[data-keep-open]")) {
  if (localStorage.getItem(keyOf(fold))) fold.open = true;
}

document.addEventListener("click", (event) => {
  const fold = event.target.closest("summary")?.parentElement;
  if (!fold?.matches("[data-keep-open]")) return;
  // The click comes before what it does.
  if (fold.open) localStorage.removeItem(keyOf(fold));
  else store(keyOf(fold), "open");
});
