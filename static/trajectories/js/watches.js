// A sample as it is drawn. What comes is added below; the page moves along only for who has asked for it.

const button = document.querySelector("[data-follow]");
const follows = () => button.getAttribute("aria-pressed") === "true";
const toEnd = () => window.scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" });

button.hidden = false;
button.addEventListener("click", () => {
  button.setAttribute("aria-pressed", String(!follows()));
  if (follows()) toEnd();
});
document.addEventListener("htmx:afterSettle", () => { if (follows()) toEnd(); });
// Who scrolls up reads; following goes on when it is asked for again.
for (const name of ["wheel", "touchmove"]) {
  window.addEventListener(name, (event) => {
    if (event.deltaY === undefined || event.deltaY < 0) button.setAttribute("aria-pressed", "false");
  }, { passive: true });
}
