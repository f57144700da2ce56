// The review queue: the candidate on the screen is leased; one that is left goes back to the others at once.

import { hold, leaseOf } from "./leases.js";

const arrive = () => hold([leaseOf(document.getElementById("candidate"))]);

document.addEventListener("htmx:load", (event) => {
  if (event.target.id === "candidate") arrive();
});
arrive();

// The reasons appear with the keys that choose them; the first one is next in line.
document.addEventListener("toggle", (event) => {
  if (event.target.open && event.target.querySelector("#id_statement")) event.target.querySelector("#id_statement").focus();
}, true);
