// Files dropped on the zone, what was chosen in words, and the size limit before anything is sent.

const form = document.querySelector("form[data-upload]");
const zone = form.querySelector("[data-drop-zone]");
const chosen = form.querySelector("[data-chosen]");
const inputs = [...form.querySelectorAll("input[type=file]")];
const sides = form.querySelector("[data-sides]");
const paths = form.querySelector("[name=folder_paths]");
const limit = Number(form.dataset.limit);

const pathOf = (file) => file.webkitRelativePath || file.name;

function describe() {
  const files = inputs.flatMap((input) => [...input.files]);
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  const tooLarge = bytes > limit;
  inputs[0].setCustomValidity(tooLarge ? `These files are larger than ${Math.floor(limit / 2 ** 20)} MB together.` : "");
  const size = bytes < 2 ** 20 ? `${Math.ceil(bytes / 1024)} kB` : `${(bytes / 2 ** 20).toFixed(1)} MB`;
  chosen.textContent = `${files.length === 1 ? files[0].name : `${files.length} files`}, ${size}${tooLarge ? ": too large" : ""}`;
  chosen.hidden = !files.length;
  // The folder that a file lies in may say that it is for evaluation; the server gets the file's own name only.
  if (paths) paths.value = JSON.stringify([...inputs[1].files].map(pathOf));
  if (!sides) return;
  form.elements.names.value = JSON.stringify(files.map(pathOf));
  if (files.length) sides.dispatchEvent(new CustomEvent("chosen"));
  else sides.replaceChildren();
}

form.querySelector("[data-drop-hint]").hidden = false;
for (const input of inputs) input.addEventListener("change", describe);

let depth = 0;
zone.addEventListener("dragenter", () => zone.classList.toggle("over", ++depth > 0));
zone.addEventListener("dragleave", () => zone.classList.toggle("over", --depth > 0));
zone.addEventListener("dragover", (event) => event.preventDefault());
zone.addEventListener("drop", (event) => {
  event.preventDefault();
  depth = 0;
  zone.classList.remove("over");
  if (!event.dataTransfer.files.length) return;
  inputs[0].files = event.dataTransfer.files;
  describe();
});
describe();
