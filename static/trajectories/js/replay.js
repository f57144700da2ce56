// The player of a replay. The server draws the statement of the address; from then on every move is drawn here, from
// the statements of the pair, and written into the address. Without this script the same links load the page.

const NAMESPACE = "http://www.w3.org/2000/svg";
const PLAY_MILLISECONDS = 500;
const SIZE = 200;
const stage = () => document.querySelector("[data-replay]");
let pair = null;
let walked = [];
let place = 0;
let timer = null;

const element = (name, text = "", className = "") => {
  const made = document.createElement(name);
  if (text !== "") made.textContent = text;
  if (className) made.className = className;
  return made;
};

function path(className, data) {
  const made = document.createElementNS(NAMESPACE, "path");
  made.setAttribute("class", className);
  made.setAttribute("d", data);
  return made;
}

/** One stroke through each run of equal cells in a row, as the server draws grids: never a node per cell. */
function colourPaths(rows) {
  const data = new Map();
  rows.forEach((row, y) => {
    for (let start = 0, x = 1; x <= row.length; x++) {
      if (x < row.length && row[x] === row[start]) continue;
      data.set(row[start], `${data.get(row[start]) ?? ""}M${start} ${y}.5h${x - start}`);
      start = x;
    }
  });
  return [...data].sort(([one], [other]) => one.localeCompare(other)).map(([colour, d]) => path(`c${colour}`, d));
}

const ring = ([y, x]) => `M${x + 0.14} ${y + 0.14}h0.72v0.72h-0.72z`;

function changedCells(rows, before) {
  if (!before || before.length !== rows.length || before[0].length !== rows[0].length) return null;
  return rows.flatMap((row, y) => [...row].flatMap((cell, x) => (cell === before[y][x] ? [] : [[y, x]])));
}

function drawGrid(name, text, before, isNew) {
  const rows = text.split("/");
  const [height, width] = [rows.length, rows[0].length];
  const changed = isNew ? changedCells(rows, before?.split("/")) : [];
  const cell = Math.max(3, Math.min(32, Math.floor(SIZE / Math.max(height, width))));
  const svg = document.createElementNS(NAMESPACE, "svg");
  const told = changed?.length ? `, ${changed.length} cell${changed.length === 1 ? "" : "s"} changed` : "";
  const colours = new Set(rows.join("")).size;
  const attributes = {
    class: `grid${cell < 10 ? " grid-small" : ""}`, role: "img", viewBox: `0 0 ${width} ${height}`, width: width * cell, height: height * cell,
    "aria-label": `${name}: ${height} by ${width} grid, ${colours} colour${colours === 1 ? "" : "s"}${told}`,
    "data-cells": text,
  };
  for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
  const across = rows.map((_, y) => `M0 ${y}h${width}`).join("") + `M0 ${height}h${width}`;
  const down = Array.from({ length: width + 1 }, (_, x) => `M${x} 0v${height}`).join("");
  svg.append(...colourPaths(rows), path("grid-lines", across + down));
  if (changed?.length) svg.append(...["outer", "inner"].map((side) => path(`grid-ring-${side}`, changed.map(ring).join(""))));
  const caption = element("figcaption");
  caption.append(element("span", name, "grid-label"), element("span", `${height} × ${width}`, "grid-size"));
  const figure = element("figure", "", "grid-figure");
  figure.append(caption, svg);
  const box = element("div", "", `replay-grid${isNew ? " fresh" : ""}`);
  box.append(figure);
  if (isNew) box.append(element("span", changed ? `${changed.length} changed` : "new", "badge accent"));
  return box;
}

/** The variables of a call of a function after its statement `index`, and before it. */
function stateAt(index) {
  const call = pair.steps[index][1];
  const [before, values] = [new Map(), new Map()];
  for (const [, of, , grids, texts] of pair.steps.slice(0, index)) {
    if (of !== call) continue;
    for (const [name, grid] of Object.entries(grids)) before.set(name, grid);
    for (const [name, text] of Object.entries(texts)) values.set(name, text);
  }
  return [before, values];
}

function drawGrids(index) {
  const [before, values] = stateAt(index);
  const [, , , grids, texts] = pair.steps[index];
  const after = new Map([...before, ...Object.entries(grids)]);
  const boxes = [...after].map(([name, grid]) => drawGrid(name, pair.grids[grid], pair.grids[before.get(name)], name in grids));
  document.querySelector("[data-replay-grids]").replaceChildren(...(boxes.length ? boxes : [element("p", "No variable holds a grid here.", "muted")]));
  const rows = [...new Map([...values, ...Object.entries(texts)])].map(([name, text]) => {
    const row = element("div");
    row.append(element("dt", name), element("dd", text));
    return row;
  });
  document.querySelector("[data-replay-values]").replaceChildren(...rows);
  document.dispatchEvent(new CustomEvent("grids:drawn"));
}

function drawLine(line) {
  document.querySelector(".code-line[aria-current]")?.removeAttribute("aria-current");
  const shown = document.getElementById(`line-${line}`);
  shown?.setAttribute("aria-current", "step");
  const box = shown?.closest(".replay-code");
  if (!box) return;
  const above = shown.offsetTop - box.offsetTop;
  if (above < box.scrollTop || above + shown.offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = above - box.clientHeight / 2;
}

function addressOf(to) {
  const address = new URL(location.href);
  address.searchParams.set("step", to + 1);
  return address;
}

function drawControls(line, call, run) {
  const [name, depth] = pair.calls[call];
  const where = `Statement ${place + 1} of ${walked.length}: line ${line}${depth ? ` in ${name}()` : ""}${run > 1 ? `, run ${run}` : ""}`;
  document.querySelector("[data-replay-where]").textContent = where;
  const scrubber = document.querySelector("[data-replay-scrub]");
  scrubber.value = place + 1;
  scrubber.setAttribute("aria-valuetext", where);
  for (const link of document.querySelectorAll("[data-replay-to]")) {
    const to = link.dataset.replayTo === "first" ? 0 : place + Number(link.dataset.replayTo);
    const there = to >= 0 && to < walked.length;
    link.toggleAttribute("aria-disabled", !there);
    if (there) link.href = addressOf(to);
    else {
      link.removeAttribute("href");
      link.setAttribute("aria-disabled", "true");
    }
  }
}

function show(to) {
  place = Math.max(0, Math.min(walked.length - 1, to));
  const index = walked[place];
  const [line, call, run] = pair.steps[index];
  drawLine(line);
  drawGrids(index);
  drawControls(line, call, run);
  history.replaceState(history.state, "", addressOf(place));
}

function play(on) {
  clearInterval(timer);
  timer = null;
  const button = document.querySelector("[data-replay-play]");
  button?.setAttribute("aria-pressed", String(on));
  // A reader of the screen is told where it stops, not every statement on the way.
  document.querySelector("[data-replay-where]")?.setAttribute("aria-live", on ? "off" : "polite");
  if (!on) return;
  if (place === walked.length - 1) show(0);
  timer = setInterval(() => {
    if (!stage() || place >= walked.length - 1) return play(false);
    show(place + 1);
    if (place === walked.length - 1) play(false);
  }, PLAY_MILLISECONDS);
}

/** The next statement at a line, after this one or from the start. */
function nextAt(line) {
  const at = (from) => walked.findIndex((index, to) => to >= from && pair.steps[index][0] === line);
  return at(place + 1) >= 0 ? at(place + 1) : at(0);
}

document.addEventListener("click", (event) => {
  if (!pair || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest("[data-replay-play]")) return play(timer === null);
  const mover = event.target.closest("[data-replay-to]");
  const line = event.target.closest("[data-line]");
  if (!mover && !line) return;
  event.preventDefault();
  play(false);
  if (line) return show(nextAt(Number(line.dataset.line)));
  show(mover.dataset.replayTo === "first" ? 0 : place + Number(mover.dataset.replayTo));
});

document.addEventListener("input", (event) => {
  if (!pair || !event.target.matches("[data-replay-scrub]")) return;
  play(false);
  show(Number(event.target.value) - 1);
});

async function arrive() {
  const here = stage();
  if (!here || !document.querySelector("[data-replay-grids]")) return;
  const answer = await fetch(here.dataset.replay, { headers: { Accept: "application/json" } });
  if (!answer.ok || here !== stage()) return;
  pair = await answer.json();
  walked = JSON.parse(here.dataset.walked);
  place = Number(here.dataset.place);
  for (const shown of document.querySelectorAll("[data-replay-play], [data-replay-scrub]")) shown.hidden = false;
  drawLine(pair.steps[walked[place]][0]);
  here.dataset.ready = "yes";
}

document.addEventListener("htmx:load", (event) => {
  if (event.target.id === "replay") arrive();
});
arrive();
