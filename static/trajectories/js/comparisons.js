// Comparing two traces: the pair on the screen is leased, and how long it was looked at goes along with the decision.

import { give, hold, leaseOf } from "./leases.js";

let lookedSince = 0;

function arrive() {
  lookedSince = performance.now();
  hold([leaseOf(document.getElementById("comparison"))]);
}

document.addEventListener("submit", (event) => {
  if (event.target.id !== "comparison-form") return;
  event.target.elements.seconds.value = ((performance.now() - lookedSince) / 1000).toFixed(3);
}, true);
document.addEventListener("htmx:beforeSwap", (event) => {
  // The server has ended this lease already, or gives the same one again.
  if (event.detail.target.id === "comparison") give(leaseOf(event.detail.target)?.token);
});
document.addEventListener("htmx:load", (event) => {
  if (event.target.id === "comparison") arrive();
});
arrive();
