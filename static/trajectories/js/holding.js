// What refreshes by itself holds still while somebody types in it or has a menu of it open; what is marked `data-hold`
// also while somebody points at it or has the focus in it.

// The pointer counts where it was last moved: what moves beneath a pointer at rest has not been left.
let pointed = "";
let place = "";
document.addEventListener("pointermove", (event) => {
  const moved = `${event.screenX} ${event.screenY}`;
  if (moved === place) return;
  place = moved;
  pointed = event.target.closest?.("[data-hold]")?.id ?? "";
});
document.documentElement.addEventListener("pointerleave", () => { pointed = ""; });

const isTyped = (field) => field.value !== field.defaultValue;
const isInUse = (element) => element.querySelector("details.menu[open]") || [...element.querySelectorAll("textarea")].some(isTyped);
const isLookedAt = (element) => element.id === pointed || element.matches(":focus-within");
const isHeld = (element) => element?.hasAttribute("data-hold") && (isInUse(element) || isLookedAt(element));

document.addEventListener("htmx:oobBeforeSwap", (event) => {
  if (isHeld(event.detail.target)) event.detail.shouldSwap = false;
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, requestConfig } = event.detail;
  if (isHeld(target) || (requestConfig?.elt === target && isInUse(target))) event.detail.shouldSwap = false;
});

// A list of failures that was opened stays open.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "live") return;
  const wasOpen = document.getElementById("failures")?.open;
  if (!wasOpen) return;
  document.addEventListener("htmx:afterSwap", () => document.getElementById("failures")?.setAttribute("open", ""), { once: true });
});
