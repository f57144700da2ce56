// Draws figures with plotly.js, which is fetched once there is one to draw. Without it, or without this script, the
// table of the same numbers stays open.

const CONFIG = { displayModeBar: false, responsive: true, showTips: false, typesetMath: false, doubleClick: false };
const SAVED = { width: 1120, height: 630, scale: 2 };
const TOKEN = "token:";
const drawn = new Set();
const opened = new Map();
let library = null;

function load(source) {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = source;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      library = null;
      script.remove();
      reject(new Error("plotly.js did not load"));
    };
    document.head.append(script);
  });
  return library;
}

/** Finds the colours of the page's theme by their names in a figure. */
function palette() {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const known = new Map();
  const find = (name) => {
    if (!known.has(name)) {
      probe.style.color = `var(--plot-${name})`;
      known.set(name, getComputedStyle(probe).color);
    }
    return known.get(name);
  };
  return { find, done: () => probe.remove() };
}

/** A copy of a part of a figure with colours put in. Only what is named a colour is looked at: a title may be any text. */
function coloured(part, colours, key = "") {
  if (Array.isArray(part)) return part.map((each) => coloured(each, colours, key));
  if (part !== null && typeof part === "object") {
    return Object.fromEntries(
      Object.entries(part).map(([name, value]) => [name, name === "meta" ? value : coloured(value, colours, name)]),
    );
  }
  const isColour = typeof part === "string" && key.endsWith("color") && part.startsWith(TOKEN);
  return isColour ? colours.find(part.slice(TOKEN.length)) : part;
}

function prepared(spec) {
  const colours = palette();
  const made = { data: coloured(spec.data, colours), layout: coloured(spec.layout, colours) };
  made.layout.font.family = getComputedStyle(document.body).fontFamily;
  colours.done();
  return made;
}

const specOf = (area) => JSON.parse(document.getElementById(area.dataset.plot).textContent);
const drawingIn = (area) => area.querySelector(".plot-drawing");

function go(link, event) {
  if (!link?.startsWith("/") || link.startsWith("//")) return;
  if (event?.ctrlKey || event?.metaKey) window.open(link, "_blank", "noopener");
  else window.location.assign(link);
}

/** What a point leads to and says; series that are bands or guides have none. */
function pointAt(area, curve, place) {
  const meta = drawingIn(area).data?.[curve]?.meta;
  return { link: meta?.links?.[place] ?? "", words: meta?.words?.[place] ?? [], name: meta?.name ?? "" };
}

async function draw(area) {
  if (area.dataset.drawn) return;
  area.dataset.drawn = "waiting";
  const card = area.closest(".plot-card");
  try {
    const plotly = await load(area.dataset.plotly);
    if (!area.isConnected) return;
    const spec = specOf(area);
    area.hidden = false;
    const drawing = document.createElement("div");
    drawing.className = "plot-drawing";
    drawing.setAttribute("aria-hidden", "true");
    area.append(drawing);
    const { data, layout } = prepared(spec);
    await plotly.newPlot(drawing, data, layout, CONFIG);
    drawing.on("plotly_click", ({ points, event }) => go(pointAt(area, points[0].curveNumber, points[0].pointNumber).link, event));
    drawing.on("plotly_hover", ({ points }) => {
      area.classList.toggle("plot-links", pointAt(area, points[0].curveNumber, points[0].pointNumber).link !== "");
    });
    drawing.on("plotly_unhover", () => area.classList.remove("plot-links"));
  } catch {
    area.hidden = true;
    delete area.dataset.drawn;
    read(card, "The figure could not be drawn; its numbers are in the table.");
    return;
  }
  drawn.add(area);
  area.tabIndex = 0;
  for (const button of card.querySelectorAll("[data-plot-save]")) button.hidden = false;
  const table = card.querySelector("[data-plot-table]");
  if (table) table.open = opened.get(card.id) ?? false;
  area.dataset.drawn = "done";
}

function read(card, text) {
  const line = card?.querySelector("[data-plot-reading]");
  if (line) line.textContent = text;
}

/** Series that can be walked through, by their place in the drawing. */
function walkable(area) {
  return drawingIn(area).data.flatMap((trace, curve) => (trace.meta.words.some((words) => words.length) ? [curve] : []));
}

/** From one point to another by keys: along a series, from series to series, into what a point stands for. */
function walk(area, key) {
  const curves = walkable(area);
  if (!curves.length) return false;
  const { data } = drawingIn(area);
  const at = area.walk ?? null;
  let row = at ? Math.max(0, curves.indexOf(at.curve)) : 0;
  const length = () => data[curves[row]].x.length;
  let place = at ? at.place : -1;
  if (key === "ArrowRight") place = Math.min(place + 1, length() - 1);
  else if (key === "ArrowLeft") place = Math.max(place - 1, 0);
  else if (key === "Home") place = 0;
  else if (key === "End") place = length() - 1;
  else if (key === "ArrowDown" || key === "ArrowUp") {
    if (at) row = (row + (key === "ArrowDown" ? 1 : curves.length - 1)) % curves.length;
    place = Math.min(Math.max(place, 0), length() - 1);
  } else return false;
  area.walk = { curve: curves[row], place };
  const { words, name, link } = pointAt(area, curves[row], place);
  read(area.closest(".plot-card"), [name, ...words].join(", ") + (link && !words.join().includes("Enter") ? "; Enter opens it" : ""));
  try {
    window.Plotly.Fx.hover(drawingIn(area), [{ curveNumber: curves[row], pointNumber: place }]);
  } catch {
    // A point that is not drawn (a gap) has no label; its words are read all the same.
  }
  return true;
}

document.addEventListener("keydown", (event) => {
  const area = event.target.closest?.("[data-plot]");
  if (area !== event.target || area?.dataset.drawn !== "done" || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "Enter" && area.walk) go(pointAt(area, area.walk.curve, area.walk.place).link);
  else if (event.key === "Escape" && area.walk) {
    area.walk = null;
    window.Plotly.Fx.unhover(drawingIn(area));
    read(area.closest(".plot-card"), "");
  } else if (!walk(area, event.key)) return;
  event.preventDefault();
  event.stopPropagation();
}, { capture: true });

function hand(name, kind, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${name}.${kind}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/** The figure as a picture for a paper or a slide, in the theme of the page, with its title. */
async function picture(area) {
  const spec = specOf(area);
  const { data, layout } = prepared(spec);
  const title = { text: spec.meta.title, x: 0.02, xanchor: "left", font: { size: 18, color: layout.hoverlabel.font.color } };
  const made = {
    ...layout, title, paper_bgcolor: layout.hoverlabel.bgcolor, margin: { l: 24, r: 32, t: 84, b: 24 },
    font: { ...layout.font, size: 14 },
  };
  const svg = await window.Plotly.toImage({ data, layout: made, config: CONFIG }, { ...SAVED, scale: 1, format: "svg", imageDataOnly: true });
  return svg;
}

async function save(area, kind) {
  const svg = await picture(area);
  const name = area.dataset.plotName;
  if (kind === "svg") {
    hand(name, kind, new Blob([svg], { type: "image/svg+xml" }));
    return;
  }
  const image = new Image(SAVED.width, SAVED.height);
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = SAVED.width * SAVED.scale;
  canvas.height = SAVED.height * SAVED.scale;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => hand(name, kind, blob), "image/png");
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-plot-save]");
  const area = button?.closest(".plot-card")?.querySelector("[data-plot]");
  if (!area) return;
  save(area, button.dataset.plotSave).catch(() => read(button.closest(".plot-card"), "The picture could not be made."));
});

function drawAll(root) {
  for (const area of root.querySelectorAll?.("[data-plot]") ?? []) draw(area);
}

function redraw() {
  for (const area of drawn) {
    if (!area.isConnected) {
      drawn.delete(area);
      continue;
    }
    const { data, layout } = prepared(specOf(area));
    window.Plotly.react(drawingIn(area), data, layout, CONFIG);
  }
}

document.addEventListener("looks:changed", ({ detail }) => { if (detail.field === "theme") redraw(); });
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

// The library is on its way while the numbers are.
document.addEventListener("htmx:beforeRequest", (event) => {
  const slots = event.target.closest?.("[data-plotly]");
  if (slots) load(slots.dataset.plotly).catch(() => {});
});
// A figure that is loaded anew keeps its table as it was, and stays where somebody is in it.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target } = event.detail;
  if (!target?.classList?.contains("plot-card")) return;
  const table = target.querySelector("[data-plot-table]");
  if (table) opened.set(target.id, table.open);
  if (target.matches(":hover, :focus-within") && target.querySelector("[data-drawn=done]")) event.detail.shouldSwap = false;
});
document.addEventListener("htmx:load", (event) => drawAll(event.detail.elt.parentElement ?? document));
drawAll(document);
