// Choosing instructions: all or none of a group, how many are chosen, and finding one by a word of its title.

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
