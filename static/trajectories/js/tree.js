// A tree of nested lists, with the keys that trees have: up and down through what is shown, right unfolds or goes down,
// left folds or goes up, Home, End, Enter opens the link. The server sends all of it unfolded, and with data-fold what
// is to be folded at first, so that nothing is out of reach without this script.

const ITEM = "[role=treeitem]";
const shown = (tree) => [...tree.querySelectorAll(ITEM)].filter((item) => !item.parentElement.closest(`${ITEM}[aria-expanded=false]`));
const parentOf = (item) => item.parentElement.closest(ITEM);
const isFolded = (item) => item.getAttribute("aria-expanded") === "false";
const canFold = (item) => item.hasAttribute("aria-expanded");

function fold(item, folded) {
  if (canFold(item)) item.setAttribute("aria-expanded", String(!folded));
}

function go(tree, item) {
  if (!item) return;
  for (const other of tree.querySelectorAll(`${ITEM}[tabindex="0"]`)) other.tabIndex = -1;
  item.tabIndex = 0;
  item.focus({ preventScroll: true });
  item.querySelector(".tree-row").scrollIntoView({ block: "nearest" });
}

function onKey(tree, event) {
  const item = event.target.closest(ITEM);
  if (!item || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  const all = shown(tree);
  const at = all.indexOf(item);
  const moves = {
    ArrowDown: () => go(tree, all[at + 1]),
    ArrowUp: () => go(tree, all[at - 1]),
    Home: () => go(tree, all[0]),
    End: () => go(tree, all.at(-1)),
    ArrowRight: () => (isFolded(item) ? fold(item, false) : canFold(item) && go(tree, item.querySelector(ITEM))),
    ArrowLeft: () => (canFold(item) && !isFolded(item) ? fold(item, true) : go(tree, parentOf(item))),
    Enter: () => item.querySelector(":scope > .tree-row > .tree-link")?.click() ?? fold(item, !isFolded(item)),
    " ": () => fold(item, !isFolded(item)),
  };
  if (!moves[event.key]) return;
  event.preventDefault();
  event.stopPropagation();
  moves[event.key]();
}

function onClick(tree, event) {
  const row = event.target.closest(".tree-row");
  if (!row || event.target.closest("a")) return;
  const item = row.closest(ITEM);
  fold(item, !isFolded(item));
  go(tree, item);
}

for (const tree of document.querySelectorAll("[data-tree]")) {
  for (const item of tree.querySelectorAll("[data-fold]")) fold(item, true);
  for (const link of tree.querySelectorAll(".tree-link")) link.tabIndex = -1; // Enter opens it
  const first = tree.querySelector(ITEM);
  if (first) first.tabIndex = 0;
  tree.addEventListener("keydown", (event) => onKey(tree, event));
  tree.addEventListener("click", (event) => onClick(tree, event));
  document.querySelector("[data-tree-tools]").hidden = false;
  for (const button of document.querySelectorAll("[data-tree-all]")) {
    button.addEventListener("click", () => {
      for (const item of tree.querySelectorAll(ITEM)) fold(item, button.dataset.treeAll === "close");
      const lost = tree.querySelector(`${ITEM}[tabindex="0"]`);
      if (lost && !shown(tree).includes(lost)) {
        lost.tabIndex = -1;
        first.tabIndex = 0;
      }
    });
  }
}
