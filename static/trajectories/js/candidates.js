// The review queue: a candidate that is left goes back to the others at once.

function leave() {
  const held = document.querySelector("#candidate[data-lease]");
  if (!held) return;
  const form = new FormData();
  form.set("token", held.dataset.token);
  form.set("leave", "1");
  form.set("csrfmiddlewaretoken", JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"]);
  navigator.sendBeacon(held.dataset.lease, form);
}

window.addEventListener("pagehide", leave);
// A page that comes back from the browser's cache asks for its candidate anew.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});

// The reasons appear with the keys that choose them; the first one is next in line.
document.addEventListener("toggle", (event) => {
  if (event.target.open && event.target.querySelector("#id_statement")) event.target.querySelector("#id_statement").focus();
}, true);
