// The curation screen of queues: digits that give one score after another, and the question to the lead.

const rows = () => [...document.querySelectorAll("[data-rubric] .rubric-row")];

function changed(input) {
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

/** The row with the focus in it, else the first one without a score, else the last. */
function nextRow() {
  const all = rows();
  return all.find((row) => row.contains(document.activeElement)) ?? all.find((row) => !row.querySelector(":checked")) ?? all.at(-1);
}

document.addEventListener("click", (event) => {
  const digit = event.target.closest("[data-rubric-score]");
  if (digit) {
    const input = nextRow()?.querySelector(`input[value="${digit.dataset.rubricScore}"]`);
    if (!input) return;
    input.checked = true;
    changed(input);
  }
  if (event.target.closest("[data-rubric-clear]")) {
    for (const input of document.querySelectorAll("[data-rubric] :checked")) {
      input.checked = false;
      changed(input);
    }
  }
});

// Opened, it is to be written in.
document.addEventListener("toggle", (event) => {
  if (event.target.id === "ask-lead" && event.target.open) document.getElementById("id_flag")?.focus();
}, true);

// One key takes what is suggested as it is, whatever was entered before, and goes on.
document.addEventListener("click", (event) => {
  if (!event.target.closest("#take-suggestion") || document.body.getAttribute("aria-busy") === "true") return;
  const { decision, reason, labels } = document.getElementById("suggestion").dataset;
  const form = document.getElementById("review-form");
  form.elements.decision.value = decision;
  if (reason) form.elements.reason.value = reason;
  if (labels && form.elements.step_labels) form.elements.step_labels.value = labels;
  changed(form.querySelector("[name=decision]:checked"));
  form.requestSubmit(form.querySelector("[name=then][value=next]"));
});
