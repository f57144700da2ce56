// Menus close on Escape and on a click elsewhere; the page's one dialog opens with what htmx puts into it.

const dialog = document.getElementById("dialog");

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

document.addEventListener("click", (event) => {
  closeMenus(event.target.closest("details.menu"));
  if (event.target === dialog || event.target.closest("[data-close-dialog]")) event.target.closest("dialog")?.close();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  if (menu) {
    closeMenus();
    menu.querySelector("summary").focus();
  }
});
// A filter that takes several values is called by what is ticked in it, as the server calls it (forms/several.py).
document.addEventListener("change", (event) => {
  const title = event.target.closest("[data-several]")?.querySelector("[data-several-title]");
  if (!title) return;
  const ticked = [...event.target.closest("[data-several]").querySelectorAll("input:checked")].map((box) => box.parentElement.innerText.trim());
  title.textContent = ticked.length ? ticked[0] + (ticked.length > 1 ? ` + ${ticked.length - 1}` : "") : title.dataset.empty;
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "dialog-body" && !dialog.open) dialog.showModal();
});
dialog?.addEventListener("close", () => document.getElementById("dialog-body").replaceChildren());

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  const label = button.querySelector("[data-copy-label]") ?? button;
  const before = label.textContent;
  label.textContent = "Copied";
  setTimeout(() => { label.textContent = before; }, 1200);
});
