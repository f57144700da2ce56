// Rows that are picked: all of a page at once, how many there are, and only then what can be done with them.

const boxes = () => [...document.querySelectorAll('input[name="pick"]')];

function show() {
  const all = document.querySelector("[data-pick-all]");
  const picked = boxes().filter((box) => box.checked).length;
  for (const button of document.querySelectorAll("[data-needs-pick]")) button.disabled = picked === 0;
  const said = document.querySelector("[data-picked]");
  if (said) {
    said.hidden = picked === 0;
    said.textContent = `${picked} of this page chosen.`;
  }
  if (!all) return;
  all.hidden = false;
  all.checked = picked > 0 && picked === boxes().length;
  all.indeterminate = picked > 0 && picked < boxes().length;
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-pick-all]")) {
    for (const box of boxes()) box.checked = event.target.checked;
    show();
  } else if (event.target.matches('input[name="pick"]')) show();
});
document.addEventListener("htmx:afterSwap", show);

// What comes goes above the row that somebody looks at: it stays where it is on the screen.
const looked = () => document.activeElement?.closest?.(".list tr") ?? (window.scrollY > 0 ? document.querySelector(".list tr:hover") : null);
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!("newer" in event.detail.target.dataset)) return;
  const row = looked();
  if (!row) return;
  const before = row.getBoundingClientRect().top;
  document.addEventListener("htmx:afterSwap", () => {
    if (row.isConnected) window.scrollBy({ top: row.getBoundingClientRect().top - before, behavior: "instant" });
  }, { once: true });
});
window.addEventListener("pageshow", show);
show();
