// All samples of a problem on one screen: a cursor over answers and, where they are unfolded, over their samples; marks
// by keys; and how many are kept. What is marked for single samples also stands in the field "marks", so that folding
// them away, or a draft, loses nothing.

const READING_DELAY = 120; // milliseconds that the cursor rests before a sample is fetched to be read
let current = null; // data-item and whether it is a sample: {item, isSample}
let timer = 0;

const page = () => document.querySelector(".group-page");
const form = () => document.getElementById("review-form");
const panel = () => document.getElementById("review");
const rows = () => [...document.querySelectorAll("[data-group-row]")].filter((row) => row.checkVisibility());
const isSample = (row) => row.matches(".sample");
const radios = (row) => [...row.querySelectorAll("[data-mark]")].filter((radio) => radio.closest("[data-group-row]") === row);

function currentRow() {
  const all = rows();
  return all.find((row) => current && row.dataset.item === current.item && isSample(row) === current.isSample) ?? all[0] ?? null;
}

function goTo(row, { read = true } = {}) {
  if (!row) return;
  for (const other of document.querySelectorAll("[data-group-row].current")) other.classList.remove("current");
  row.classList.add("current");
  current = { item: row.dataset.item, isSample: isSample(row) };
  const name = document.querySelector("[data-group-current]");
  if (name) name.textContent = row.dataset.name;
  (row.querySelector(":scope > .answer-head") ?? row).scrollIntoView({ block: "nearest" });
  if (read) readSoon(row);
}

/** Show what the sample at the cursor says, once the cursor rests. */
function readSoon(row) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const place = document.getElementById("group-reading");
    if (!place || place.dataset.item === row.dataset.item || !row.isConnected) return;
    htmx.ajax("GET", row.dataset.reading, { source: row, target: "#group-reading", swap: "outerHTML" });
  }, READING_DELAY);
}

function move(direction) {
  const all = rows();
  const at = all.indexOf(currentRow());
  goTo(all[Math.max(0, Math.min(all.length - 1, at + direction))]);
}

function fold(open) {
  const row = currentRow();
  const answer = row?.closest(".answer");
  const samples = answer?.querySelector("details");
  if (!samples) return;
  samples.open = open;
  if (!open) goTo(answer);
}

// What is checked, so that the click that checks a choice and the one that takes it back differ.
const checked = new WeakSet();

function remember() {
  for (const radio of document.querySelectorAll("[data-mark]")) {
    if (radio.checked) checked.add(radio);
    else checked.delete(radio);
  }
}

function changed(field) {
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

function act(kind) {
  const row = currentRow();
  if (!row) return;
  const wanted = isSample(row) && kind === "best" ? "keep" : kind;
  const choices = radios(row);
  const radio = choices.find((each) => each.dataset.mark === wanted) ?? (kind === "keep" && choices.find((each) => each.dataset.mark === "best"));
  radio?.click();
}

/** {item: "keep" or "reject"} of single samples. */
function readMarks() {
  const listed = (form()?.elements.marks?.value ?? "").split(",").filter(Boolean);
  return new Map(listed.map((each) => each.split(":")));
}

function keepMark(radio) {
  const marks = readMarks();
  const item = radio.closest(".sample").dataset.item;
  if (radio.checked) marks.set(item, radio.value);
  else marks.delete(item);
  form().elements.marks.value = [...marks].map(([key, mark]) => `${key}:${mark}`).join(",");
}

function showMarks() {
  const marks = readMarks();
  for (const row of document.querySelectorAll(".sample")) {
    for (const radio of radios(row)) radio.checked = marks.get(row.dataset.item) === radio.value;
  }
  remember();
}

/** What is marked for each sample, as core/curation/groups.py reads it: "keep", "reject" or "" for nothing. */
function settled() {
  const single = readMarks();
  return [...document.querySelectorAll(".answer")].flatMap((answer) => {
    const said = radios(answer).find((radio) => radio.checked)?.value ?? "";
    const best = said.startsWith("best:") ? said.slice("best:".length) : null;
    return answer.dataset.items.split(",").map((item) => {
      const mark = single.get(item) ?? (best === null ? said : item === best ? "keep" : "reject");
      return { item, mark, why: answer.querySelector("select")?.value ?? "" };
    });
  });
}

function tally() {
  if (!page() || !form()) return;
  const samples = settled();
  const { reason, comment, all_rejected: none } = form().elements;
  const isMarked = none.checked || samples.some(({ mark }) => mark);
  const kept = samples.filter(({ mark }) => mark === "keep");
  const reasons = samples.filter(({ mark }) => mark !== "keep").map(({ why }) => why || reason.value);
  const text = document.getElementById("group-tally");
  const rest = samples.length - kept.length;
  text.textContent = isMarked ? `Keeps ${kept.length}, rejects ${rest} of ${samples.length}` : `Nothing is marked of ${samples.length}`;
  const isWhole = isMarked && !reasons.includes("") && (!reasons.includes("other") || comment.value.trim());
  panel().dataset.group = isWhole ? "complete" : "";
  const single = readMarks();
  for (const answer of document.querySelectorAll(".answer")) {
    const said = radios(answer).find((radio) => radio.checked)?.value ?? "";
    const own = answer.dataset.items.split(",").filter((item) => single.has(item)).length;
    answer.dataset.said = said.startsWith("best:") || said === "keep" ? "keep" : said;
    answer.toggleAttribute("data-mixed", own > 0);
  }
}

/** A reason's key is about the answer at the cursor where that is rejected, else about the rest. */
function takeReason(event) {
  const radio = event.target.closest("#review-form [name=reason]");
  // A key's click has no count; with the mouse one means what one points at.
  if (!radio || event.detail || !page()) return;
  const answer = currentRow()?.closest(".answer");
  const select = answer?.querySelector("select");
  if (!select || answer.dataset.said !== "reject") return;
  event.preventDefault();
  select.value = select.value === radio.value ? "" : radio.value;
  changed(select);
}

document.addEventListener("click", (event) => {
  const { target } = event;
  if (target.matches("[data-mark]")) {
    // Again: take it back.
    if (checked.has(target)) target.checked = false;
    goTo(target.closest("[data-group-row]"));
    changed(target);
    return;
  }
  const moves = target.closest("[data-group-move]");
  if (moves) move(Number(moves.dataset.groupMove));
  const acts = target.closest("[data-group-act]");
  if (acts) act(acts.dataset.groupAct);
  const folds = target.closest("[data-group-fold]");
  if (folds) fold(folds.dataset.groupFold === "open");
  const row = target.closest("[data-group-row]");
  if (row && !target.closest("a, button, input, label, select, summary")) goTo(row);
  takeReason(event);
});
document.addEventListener("change", ({ target }) => {
  if (!page()) return;
  if (target.matches(".sample [data-mark]")) keepMark(target);
  if (target.matches("[data-mark]")) remember();
  tally();
}, true);
document.addEventListener("input", tally);
document.addEventListener("draft:restored", () => { showMarks(); tally(); });

function arrive() {
  if (!page()) return;
  for (const element of panel().querySelectorAll("[data-needs-script]:not(#accept-next)")) element.hidden = false;
  showMarks();
  tally();
  goTo(currentRow(), { read: false });
}

document.addEventListener("htmx:load", (event) => {
  if (event.target.matches(".group-page")) current = null;
  if (event.target.matches(".group-page, #review, .sample-list")) arrive();
});
arrive();
