// Rows of lists by keys: "." and "," go from row to row, Enter opens the one that has the focus. Who comes back to a list,
// by the browser or by a link of the page that a row led to, stands at that row again.

const OPENED = `row:${location.pathname}${location.search}`;
const links = () => [...document.querySelectorAll("#content a.row-target")].filter((link) => link.checkVisibility());

function go(by) {
  const all = links();
  if (!all.length) return;
  const row = document.activeElement?.closest("tr, li");
  const at = all.findIndex((link) => link === document.activeElement || (row && link.closest("tr, li") === row));
  // Without a row, the first that is in sight, whichever way.
  const first = Math.max(0, all.findIndex((link) => link.getBoundingClientRect().top >= 0));
  all[at < 0 ? first : Math.min(all.length - 1, Math.max(0, at + by))].focus();
}

/** What works the keys, and what the overlay of keys tells of: it is there where there are rows. */
function addButton(key, by, label) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "visually-hidden";
  button.tabIndex = -1;
  button.dataset.key = key;
  button.dataset.keyLabel = label;
  button.dataset.keyQuiet = "";
  button.setAttribute("aria-label", label);
  button.addEventListener("click", () => go(by));
  document.getElementById("content").append(button);
}

function stand(link) {
  link.focus({ preventScroll: true });
  link.scrollIntoView({ block: "nearest" });
}

function comeBack() {
  const came = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
  const from = document.referrer && new URL(document.referrer);
  const opened = sessionStorage.getItem(OPENED);
  sessionStorage.removeItem(OPENED);
  if (document.activeElement !== document.body) return;
  const wanted = came ? opened : from && from.origin === location.origin ? from.pathname : null;
  const link = wanted && links().find((each) => new URL(each.href).pathname === wanted);
  if (link) stand(link);
}

const isTaken = document.querySelector("[data-key='.'], [data-key=',']");
if (document.querySelector("#content a.row-target") && !isTaken) {
  addButton(".", 1, "Next row");
  addButton(",", -1, "Previous row");
  comeBack();
}
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a.row-target");
  if (link) sessionStorage.setItem(OPENED, new URL(link.href).pathname);
});
