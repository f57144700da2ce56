// Remarks: m takes the selected words, or without any the current step, into the form. Words that were remarked on are
// marked where they stand, by the browser's highlights, so that the text itself stays as it is.

// What a rendered text does not show of its source, or shows otherwise; as in core/curation/spans.py.
const UNSEEN = /[\s*_`#>|~\\$]+/g;
const seen = (text) => text.replace(UNSEEN, "");
const form = () => document.getElementById("thread-form");

/** How often words stand in a text, overlapping places too. */
function count(text, words) {
  let found = 0;
  for (let at = text.indexOf(words); words && at >= 0; at = text.indexOf(words, at + 1)) found += 1;
  return found;
}

/** What stands before the place where a range begins, within an element. */
function before(element, range) {
  const head = document.createRange();
  head.selectNodeContents(element);
  head.setEnd(range.startContainer, range.startOffset);
  return seen(head.toString());
}

/** {step, quote, nth} of the words that are selected in the text; null where none are. */
function selected() {
  const selection = document.getSelection();
  if (!selection?.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  const at = range.commonAncestorContainer;
  const element = (at.nodeType === Node.TEXT_NODE ? at.parentElement : at).closest?.(".step-body, .raw-text, .thoughts-text");
  const quote = range.toString();
  if (!element || !seen(quote)) return null;
  const step = element.closest(".step")?.dataset.step ?? "";
  const words = seen(quote);
  return { step, quote, nth: Math.max(0, count(before(element, range) + words, words) - 1) };
}

function take() {
  const words = selected();
  const current = document.querySelector(".step.current")?.dataset.step ?? "";
  const { step, quote, nth } = words ?? { step: current, quote: "", nth: "" };
  form().elements.step.value = step;
  form().elements.quote.value = quote;
  form().elements.nth.value = nth;
  const where = step === "" ? "the text" : `step ${Number(step) + 1}`;
  const shown = quote.length > 80 ? `${quote.slice(0, 80)}…` : quote;
  document.getElementById("remark-about").textContent = quote ? `About “${shown}” in ${where}.` : step === "" ? "About the whole trace." : `About ${where}.`;
  form().elements.body.focus();
  form().scrollIntoView({ block: "nearest" });
}

/** The range of the nth place where words stand in an element, its blanks and marks aside. */
function find(element, quote, nth) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const places = [];
  let text = "";
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    [...node.data].reduce((offset, letter) => {
      if (seen(letter)) {
        text += letter;
        for (let unit = 0; unit < letter.length; unit += 1) places.push([node, offset, offset + letter.length]);
      }
      return offset + letter.length;
    }, 0);
  }
  const words = seen(quote);
  let at = -1;
  for (let place = 0; place <= nth; place += 1) {
    at = text.indexOf(words, at + 1);
    if (at < 0) return null;
  }
  const range = document.createRange();
  range.setStart(places[at][0], places[at][1]);
  range.setEnd(places[at + words.length - 1][0], places[at + words.length - 1][2]);
  return range;
}

function mark() {
  if (!("highlights" in CSS)) return;
  const marked = { remarked: [], praised: [] };
  for (const thread of document.querySelectorAll(".thread[data-quote]:not(.resolved)")) {
    const { markedStep, quote, nth, fault } = thread.dataset;
    const body = document.querySelector(`#step-${markedStep} .step-body`);
    const range = body && find(body, quote, Number(nth));
    if (range) marked[fault === "good" ? "praised" : "remarked"].push(range);
  }
  for (const [name, ranges] of Object.entries(marked)) CSS.highlights.set(name, new Highlight(...ranges));
}

function arrive() {
  for (const element of document.querySelectorAll("#threads [data-needs-script]")) element.hidden = false;
  mark();
}

// A click would end the selection before it is read.
document.addEventListener("mousedown", (event) => { if (event.target.closest("[data-remark]")) event.preventDefault(); });
document.addEventListener("click", (event) => { if (event.target.closest("[data-remark]")) take(); });
// Inside a remark this is about the remark, and not about the decision beside it.
document.addEventListener("keydown", (event) => {
  const box = event.target.closest?.(".remark-text");
  if (!box || event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.shiftKey) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!event.repeat) box.form.requestSubmit();
}, true);
// What was said is said: keys are about the trace again.
document.addEventListener("htmx:afterSettle", (event) => {
  const box = document.activeElement;
  if (event.detail.requestConfig?.verb === "post" && box?.matches(".remark-text") && !box.value) box.blur();
});
document.addEventListener("htmx:load", arrive);
arrive();
