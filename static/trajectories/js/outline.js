// The outline as a tree: an entry that deeper ones follow gets a button that folds these away. What is folded stays so
// while ranges of a long trace arrive. Without this script all of it is shown.

const depthOf = (entry) => Number(entry.dataset.depth);

function below(entry) {
  const found = [];
  for (let next = entry.nextElementSibling; next?.dataset.depth && depthOf(next) > depthOf(entry); next = next.nextElementSibling) found.push(next);
  return found;
}

function setFolded(entry, button, folded) {
  button.setAttribute("aria-expanded", String(!folded));
  let closedAt = Infinity; // what is unfolded shows its own parts as they were
  for (const deeper of below(entry)) {
    if (depthOf(deeper) <= closedAt) closedAt = Infinity;
    deeper.hidden = folded || closedAt < Infinity;
    const inner = deeper.querySelector(":scope > .outline-fold");
    if (closedAt === Infinity && inner?.getAttribute("aria-expanded") === "false") closedAt = depthOf(deeper);
  }
}

function addFolds(root) {
  for (const entry of root.querySelectorAll(".outline li[data-depth]")) {
    if (entry.querySelector(":scope > .outline-fold") || !below(entry).length) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "outline-fold";
    button.setAttribute("aria-expanded", "true");
    button.setAttribute("aria-label", `Steps under ${entry.querySelector("a > span").textContent}`);
    button.addEventListener("click", () => setFolded(entry, button, button.getAttribute("aria-expanded") === "true"));
    entry.append(button);
  }
}

addFolds(document);
document.addEventListener("htmx:afterSettle", () => addFolds(document));
