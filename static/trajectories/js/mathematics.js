// What is copied from a text with formulas has their LaTeX in it, not the letters of the drawing.

const holder = (node) => (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement);

/** The selection's range, grown so that a formula is in it whole or not at all. */
function wholeFormulas(selection) {
  const range = selection.getRangeAt(0).cloneRange();
  const first = holder(range.startContainer)?.closest("math");
  const last = holder(range.endContainer)?.closest("math");
  if (first) range.setStartBefore(first);
  if (last) range.setEndAfter(last);
  return range;
}

/** LaTeX with the marks it would have in a text. */
function marked(formula) {
  const source = formula.getAttribute("alttext");
  if (source.startsWith("\\begin{") && formula.getAttribute("display") === "block") return source;
  return formula.getAttribute("display") === "block" ? `\\[ ${source} \\]` : `\\( ${source} \\)`;
}

document.addEventListener("copy", (event) => {
  const selection = document.getSelection();
  if (!selection || selection.isCollapsed || event.target.closest?.("input, textarea")) return;
  const holds = document.createElement("div");
  holds.append(wholeFormulas(selection).cloneContents());
  const formulas = holds.querySelectorAll("math[alttext]");
  if (!formulas.length) return;
  for (const formula of formulas) formula.replaceWith(marked(formula));
  // Laid out, so that paragraphs and list items end lines as they do in a plain copy.
  holds.className = "copied";
  document.body.append(holds);
  event.clipboardData.setData("text/plain", holds.innerText);
  holds.remove();
  event.preventDefault();
});
