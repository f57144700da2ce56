// Leases: what is on the screen stays this reviewer's while it is looked at, and goes back to the others on leaving.

const RENEWED_EVERY = 30000; // milliseconds
let held = new Map(); // the token of each lease, with the address that renews it
// A lease that is asked for and whose answer is not there yet; its token is chosen here, so that it can be let go of.
let coming = null;

function post(address, tokens, leave) {
  const form = new FormData();
  for (const token of tokens) form.append("token", token);
  form.set("csrfmiddlewaretoken", JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"]);
  if (!leave) return fetch(address, { method: "POST", body: form });
  form.set("leave", "1");
  // Arrives even where the page is left at this moment.
  return navigator.sendBeacon(address, form);
}

/** Hold these leases, {token, address} each, from now on; those held before and not named are released. */
export function hold(leases) {
  const wanted = new Map(leases.filter((lease) => lease?.token).map(({ token, address }) => [token, address]));
  const left = [...held].filter(([token]) => !wanted.has(token));
  for (const [token, address] of left) post(address, [token], true);
  held = wanted;
}

/** Hold one more lease; those held before stay until `hold` says what is needed. */
export function holdToo(lease) {
  if (lease?.token) held.set(lease.token, lease.address);
}

/** A lease for what is fetched ahead, to be named in the request. */
export function expect(address) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const token = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  coming = { token, address };
  return token;
}

/** The answer to a request with this token is there, or none comes. */
export function arrived(token) {
  if (coming?.token === token) coming = null;
}

/** Stop renewing a lease that the server ends by itself. */
export function give(token) {
  held.delete(token);
}

/** Release a lease that nothing on the page needs. */
export function release(lease) {
  if (lease && !held.has(lease.token)) post(lease.address, [lease.token], true);
}

/** The lease that an element of the page came with. */
export function leaseOf(element) {
  return element?.dataset.token ? { token: element.dataset.token, address: element.dataset.leases } : null;
}

async function renew() {
  // Nobody looks: after a while others may have it.
  if (document.hidden || !held.size) return;
  const [address] = held.values();
  const response = await post(address, held.keys()).catch(() => null);
  if (!response?.ok || response.redirected) return;
  const { lost } = await response.json();
  for (const token of lost) {
    if (held.delete(token)) document.dispatchEvent(new CustomEvent("lease:lost", { detail: token }));
  }
}

setInterval(renew, RENEWED_EVERY);
document.addEventListener("visibilitychange", renew);
window.addEventListener("pagehide", () => {
  for (const [token, address] of held) post(address, [token], true);
  if (coming?.address) post(coming.address, [coming.token], true);
});
// A page that comes back from the browser's cache has nothing any more; it asks anew.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});
document.addEventListener("lease:lost", ({ detail }) => {
  const note = document.querySelector(`[data-token="${detail}"] #lease-lost`);
  if (note) note.hidden = false;
});
