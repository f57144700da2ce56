// The player of an episode. Every step has an address; this script fetches the step in place of the page, and plays.
// Without it the same links load the page.

const PLAY_MILLISECONDS = 350;
let timer = null;
// The step that is wanted while another is still on its way; null where nothing is.
let wanted = null;

const stage = () => document.getElementById("episode");

/** Show a step. What is asked for meanwhile comes next: keys that are faster than the server count all the same. */
async function go(step) {
  const isUnderWay = wanted !== null;
  wanted = step;
  if (isUnderWay) return;
  try {
    for (let shown = null; shown !== wanted; ) await show((shown = wanted));
  } finally {
    wanted = null;
  }
}

async function show(step) {
  const address = new URL(window.location.href);
  address.searchParams.set("step", step);
  const answer = await fetch(address, { headers: { "HX-Request": "true" } });
  if (!answer.ok) throw new Error(`The step ${step} is answered with ${answer.status}`);
  const made = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("episode");
  if (!made) return window.location.reload();
  const focused = document.activeElement?.getAttribute("aria-label");
  stage().replaceWith(made);
  history.replaceState(history.state, "", address);
  arrive();
  if (focused) stage().querySelector(`[aria-label="${CSS.escape(focused)}"]`)?.focus();
}

/** The step that a link leads to: forward and back count from the step that is wanted already. */
function stepOf(link) {
  const by = Number(link.dataset.episodeBy ?? 0);
  if (!by) return Number(new URL(link.href).searchParams.get("step"));
  const from = wanted ?? Number(stage().dataset.step);
  return Math.max(0, Math.min(Number(stage().dataset.longest), from + by));
}

function play(on) {
  clearTimeout(timer);
  timer = null;
  stage().querySelector("[data-episode-play]")?.setAttribute("aria-pressed", String(on));
  if (!on) return;
  const next = stage().querySelector("[data-episode-by='1']");
  if (!next) return play(false);
  timer = setTimeout(async () => {
    await go(stepOf(next));
    if (timer !== null) play(true);
  }, PLAY_MILLISECONDS);
}

function arrive() {
  const button = stage().querySelector("[data-episode-play]");
  button.hidden = false;
  button.setAttribute("aria-pressed", String(timer !== null));
  stage().dataset.ready = "yes";
}

document.addEventListener("click", (event) => {
  if (!stage() || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest("[data-episode-play]")) return play(timer === null);
  const link = event.target.closest("a[data-episode-to]");
  if (!link) return;
  event.preventDefault();
  play(false);
  go(stepOf(link));
});

if (stage()) arrive();
