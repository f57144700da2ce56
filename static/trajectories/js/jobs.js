// The list of jobs is read anew every few seconds, but not under somebody's hands: an open menu or a focused button stays.

const isInUse = (list) => list.querySelector("details.menu[open]") ?? list.querySelector(".job-controls :is(:hover, :focus)");

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id === "jobs" && isInUse(event.target)) event.preventDefault();
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id === "jobs" && isInUse(event.detail.target)) event.detail.shouldSwap = false;
});

document.querySelector("select[data-submits]")?.addEventListener("change", (event) => event.target.form.requestSubmit());
