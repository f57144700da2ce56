// The player of an episode. Every step has an address; this script fetches the step in place of the page, and plays.
// Without it the same links load the page.

const PLAY_MILLISECONDS = 350;
let timer = null;
let asked = 0;

const stage = () => document.getElementById("episode");

async function go(address) {
  const mine = ++asked;
  const answer = await fetch(address, { headers: { "HX-Request": "true" } });
  if (!answer.ok || mine !== asked) return;
  const text = await answer.text();
  if (mine !== asked) return;
  const made = new DOMParser().parseFromString(text, "text/html").getElementById("episode");
  if (!made) return;
  const focused = document.activeElement?.getAttribute("aria-label");
  stage().replaceWith(made);
  history.replaceState(history.state, "", address);
  arrive();
  if (focused) stage().querySelector(`[aria-label="${CSS.escape(focused)}"]`)?.focus();
}

function play(on) {
  clearTimeout(timer);
  timer = null;
  stage().querySelector("[data-episode-play]")?.setAttribute("aria-pressed", String(on));
  if (!on) return;
  const next = stage().querySelector("[data-episode-next]");
  if (!next) return play(false);
  timer = setTimeout(async () => {
    await go(next.href);
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
  go(link.href);
});

if (stage()) arrive();
