// What refreshes by itself holds still while somebody points at it, types in it or has the focus in it.

const isHeld = (element) => element?.hasAttribute("data-hold") && element.matches(":hover, :focus-within");

document.addEventListener("htmx:oobBeforeSwap", (event) => {
  if (isHeld(event.detail.target)) event.detail.shouldSwap = false;
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { target } = event.detail;
  if (isHeld(target)) event.detail.shouldSwap = false;
});

// A list of failures that was opened stays open.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "live") return;
  const wasOpen = document.getElementById("failures")?.open;
  if (!wasOpen) return;
  document.addEventListener("htmx:afterSwap", () => document.getElementById("failures")?.setAttribute("open", ""), { once: true });
});
