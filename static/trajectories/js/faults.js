// A refused form: the focus goes to the first field that is wrong, out of whatever it lies folded in. The summary above
// the form leads to each of them.

/** Open every fold around an element. */
export function unfold(element) {
  for (let fold = element.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
}

const MARGIN = 100; // pixels that bars at the top and the bottom of a page may cover

function goTo(element) {
  unfold(element);
  element.focus({ preventScroll: true });
  const { top, bottom } = element.getBoundingClientRect();
  if (top < MARGIN || bottom > window.innerHeight - MARGIN) element.scrollIntoView({ block: "center" });
}

/** Where somebody who sent the form goes on: the first wrong field that can be seen, else the summary. */
function firstFault(summary) {
  const within = summary.closest("form") ?? summary.parentElement;
  const wrong = [...within.querySelectorAll("[aria-invalid=true]:not(:disabled)")];
  wrong.forEach(unfold);
  return wrong.find((element) => element.checkVisibility()) ?? summary;
}

function arrive(scope) {
  const summary = scope.matches?.("[data-faults]") ? scope : scope.querySelector("[data-faults]");
  if (summary) goTo(firstFault(summary));
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-faults] a[href^='#']");
  const target = link && document.getElementById(link.hash.slice(1));
  if (!target) return;
  event.preventDefault();
  goTo(target);
});

// A fragment that was asked for while somebody types (a preview, a filter) leaves the focus where it is.
document.addEventListener("htmx:afterSettle", (event) => {
  const { requestConfig, xhr } = event.detail;
  if (xhr?.status !== 422 || requestConfig?.verb === "get" || "preview" in (requestConfig?.elt.dataset ?? {})) return;
  arrive(event.target);
});
arrive(document);
