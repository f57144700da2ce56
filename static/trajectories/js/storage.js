// What a browser keeps for somebody. Its storage may be full or forbidden, and nothing may depend on what is kept.

/** Keep a text under a name; whether the browser could. */
export function store(name, text) {
  try {
    localStorage.setItem(name, text);
    return true;
  } catch {
    return false;
  }
}
