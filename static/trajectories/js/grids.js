// Focused grids follow the looks at once: digits are drawn from data-cells, thumbnails change their palette's address.

const NAMESPACE = "http://www.w3.org/2000/svg";

function drawDigits(svg) {
  if (!svg.dataset.cells || svg.querySelector(".grid-digits")) return;
  const places = new Map();
  svg.dataset.cells.split("/").forEach((row, y) => [...row].forEach((digit, x) => {
    if (!places.has(digit)) places.set(digit, []);
    places.get(digit).push([x, y]);
  }));
  const group = document.createElementNS(NAMESPACE, "g");
  group.setAttribute("class", "grid-digits");
  for (const [digit, cells] of places) {
    const text = document.createElementNS(NAMESPACE, "text");
    text.setAttribute("class", `i${digit}`);
    text.setAttribute("x", cells.map(([x]) => x + 0.5).join(" "));
    text.setAttribute("y", cells.map(([, y]) => y + 0.5).join(" "));
    text.textContent = digit.repeat(cells.length);
    group.append(text);
  }
  svg.append(group);
}

function follow(scope) {
  const on = document.documentElement.dataset.digits === "on";
  for (const svg of scope.querySelectorAll("svg.grid")) {
    if (on) drawDigits(svg);
    else svg.querySelector(".grid-digits")?.remove();
  }
}

document.addEventListener("looks:changed", (event) => {
  const { field, value } = event.detail;
  if (field === "digits") follow(document);
  if (field !== "palette") return;
  for (const image of document.querySelectorAll(".thumb img")) {
    image.src = image.getAttribute("src").replace(/(\/grids\/)[^/]+\//, `$1${value}/`);
  }
});
document.addEventListener("htmx:load", (event) => follow(event.target));
document.addEventListener("grids:drawn", () => follow(document));
