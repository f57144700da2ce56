// Choosing instructions: all or none of a group, how many are chosen, and finding one by a word of its title. Until
// somebody chooses, a language model is told what is usual for the kind of problem of the chosen set.

const groups = [...document.querySelectorAll("[data-choices]")];

function count(group) {
  const boxes = [...group.querySelectorAll("[data-choice] input")];
  group.querySelector("[data-chosen]").textContent = `${boxes.filter((box) => box.checked).length} of ${boxes.length}`;
}

function choose(group, checked) {
  for (const choice of group.querySelectorAll("[data-choice]:not([hidden])")) choice.querySelector("input").checked = checked;
  group.dispatchEvent(new Event("change", { bubbles: true }));
}

function find(words) {
  for (const group of groups) {
    let found = 0;
    for (const choice of group.querySelectorAll("[data-choice]")) {
      choice.hidden = !words.every((word) => choice.textContent.toLowerCase().includes(word));
      found += choice.hidden ? 0 : 1;
    }
    group.hidden = found === 0;
    if (words.length && found) group.open = true;
  }
}

const plan = document.getElementById("plan");
const sets = plan?.elements.problem_set;
let isChosen = plan ? "instructionsGiven" in plan.dataset : true;

/** The kind that all problems of the chosen set are of, "any" where there are several. */
function kindOfProblems() {
  const options = sets.selectedOptions[0].dataset.kinds ? [...sets.selectedOptions] : [...sets.options];
  const kinds = new Set(options.flatMap((option) => option.dataset.kinds?.split(" ") ?? []));
  return kinds.size === 1 ? [...kinds][0] : "any";
}

function chooseUsual() {
  const kind = kindOfProblems();
  for (const choice of document.querySelectorAll("[data-usual]")) choice.querySelector("input").checked = choice.dataset.usual === kind;
  for (const group of groups) {
    count(group);
    if (group.querySelector("[data-usual] input:checked")) group.open = true;
  }
}

// Before the estimate asks with what is ticked: that listens on the form.
sets?.addEventListener("change", () => { if (!isChosen) chooseUsual(); });

plan?.addEventListener("change", (event) => {
  if (event.target.name === "instructions" || event.target.matches("[data-choices]")) isChosen = true;
  if (event.target.name !== "strategy") return;
  document.querySelector("[data-strategy-chosen]").textContent = event.target.closest("label").querySelector("strong").textContent;
});

for (const group of groups) {
  group.addEventListener("change", () => count(group));
  for (const button of group.querySelectorAll("[data-choose]")) {
    button.addEventListener("click", () => choose(group, button.dataset.choose === "all"));
  }
  count(group);
}

const search = document.querySelector("[data-choice-search]");
search?.addEventListener("input", (event) => {
  // What is typed here is not part of the plan.
  event.stopPropagation();
  find(search.value.toLowerCase().split(/\s+/).filter(Boolean));
});
search?.addEventListener("change", (event) => event.stopPropagation());
search?.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
for (const element of document.querySelectorAll("[data-needs-script]")) element.hidden = false;
