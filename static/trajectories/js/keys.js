// Keys. Every element with data-key="a" is worked by that key: buttons, links, choices and <summary> are clicked,
// text boxes are focused. Also "Enter", "Shift+Enter", "Ctrl+Enter" (Cmd on a Mac), "ArrowLeft", "/", "?".
//
// Bare keys do nothing inside text boxes, under a dialog, with modifiers, on key repeat, or while a submit is under
// way; Enter and Space stay with a focused button, arrows with focused code that scrolls. Only Ctrl+Enter works from
// inside a text box.
// data-key-label names the key in the overlay that "?" opens (else aria-label, title or the text);
// data-key-quiet shows no key cap on the element.

const TYPING = "input:not([type=checkbox], [type=radio], [type=button], [type=submit], [type=range]), textarea, select, [contenteditable]";
const PRESSABLE = "button, a[href], summary, input[type=checkbox], input[type=radio], input[type=submit]";
const NAMES = { Enter: "↵", "Shift+Enter": "⇧ ↵", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };
const isMac = navigator.platform.startsWith("Mac");

function keyName(key) {
  return key === "Ctrl+Enter" ? `${isMac ? "⌘" : "Ctrl"} ↵` : NAMES[key] ?? key;
}

/** The key of an event as written in data-key, or null where its modifiers make it no key of ours. */
function pressedKey(event) {
  const { key } = event;
  if (key === "Enter") {
    if (event.altKey) return null;
    if (event.ctrlKey || event.metaKey) return event.shiftKey ? null : "Ctrl+Enter";
    return event.shiftKey ? "Shift+Enter" : "Enter";
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  // Shift is part of typing "?"; with a letter or a named key it is a modifier.
  if (event.shiftKey && (key.length > 1 || /\p{L}/u.test(key))) return null;
  return key;
}

function isBusy(element) {
  return document.body.getAttribute("aria-busy") === "true" || Boolean(element.closest("[aria-busy=true]"));
}

function keyed() {
  const scope = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document;
  return [...scope.querySelectorAll("[data-key]")].filter((element) => element.checkVisibility());
}

function pulse(element) {
  const shown = element.matches("input[type=radio], input[type=checkbox]") ? element.closest("label") ?? element : element;
  shown.classList.remove("key-pulse");
  requestAnimationFrame(() => shown.classList.add("key-pulse"));
  setTimeout(() => shown.classList.remove("key-pulse"), 400);
}

function work(element) {
  pulse(element);
  if (element.matches(TYPING)) {
    element.focus();
    element.select?.();
  } else {
    element.click();
  }
}

function onKeydown(event) {
  const onPressable = event.target.closest?.(PRESSABLE);
  if (event.repeat) {
    // A held Enter would press a focused button again and again.
    if (onPressable && (event.key === "Enter" || event.key === " ")) event.preventDefault();
    return;
  }
  if (event.defaultPrevented || event.isComposing) return;
  const typing = event.target.closest?.(TYPING);
  if (event.key === "Escape" && typing && !typing.closest("dialog")) {
    typing.blur();
    return;
  }
  const key = pressedKey(event);
  if (!key || (typing && key !== "Ctrl+Enter")) return;
  if (onPressable && (key === "Enter" || key === " ")) return;
  if (key.startsWith("Arrow") && event.target.closest?.("pre[tabindex]")) return;
  const elements = keyed().filter((candidate) => candidate.dataset.key === key && !candidate.disabled);
  // From inside a text box the key is about the box's own form, where that has it.
  const element = elements.find((candidate) => typing?.form && candidate.form === typing.form) ?? elements[0];
  if (element) {
    event.preventDefault();
    if (!isBusy(element)) work(element);
  } else if (key === "?" && !document.querySelector("dialog[open]")) {
    event.preventDefault();
    openOverlay();
  }
}

function describe(element) {
  const named = element.dataset.keyLabel ?? element.getAttribute("aria-label") ?? element.title;
  if (named) return named;
  const copy = (element.labels?.[0] ?? element).cloneNode(true);
  copy.querySelectorAll("kbd, .visually-hidden").forEach((part) => part.remove());
  return copy.textContent.trim().replace(/\s+/g, " ") || element.placeholder || element.name || "";
}

// Headings of the overlay, in its order, each with what belongs under it; what fits none is about the page.
const GROUPS = [
  ["Decide", "#accept-next, #take-suggestion, [name=decision], [name=score], [name=then], #id_comment, [data-key=u]"],
  ["Reasons", "[name=reason]"],
  ["Steps", "[data-label-step], [data-step-move]"],
  ["Move", "[rel=next], [rel=prev], [data-key=s], [data-key=l], [data-key=j], [data-key='.'], [data-key=',']"],
  ["This page", "*"],
];

function groupedKeys() {
  const groups = new Map(GROUPS.map(([title]) => [title, new Map()]));
  for (const element of keyed()) {
    const [title] = GROUPS.find(([, selector]) => element.matches(selector));
    groups.get(title).set(element.dataset.key, describe(element));
  }
  groups.get("This page").set("?", "Show these keys").set("Escape", "Leave a text box; close a menu or dialog");
  return [...groups].filter(([, rows]) => rows.size);
}

function keyList(rows) {
  const list = document.createElement("dl");
  list.className = "key-list";
  for (const [key, label] of rows) {
    const row = document.createElement("div");
    const [term, cap, meaning] = ["dt", "kbd", "dd"].map((name) => document.createElement(name));
    cap.textContent = keyName(key);
    meaning.textContent = label;
    term.append(cap);
    row.append(term, meaning);
    list.append(row);
  }
  return list;
}

function openOverlay() {
  const dialog = document.createElement("dialog");
  dialog.id = "keys";
  dialog.setAttribute("aria-label", "Keyboard shortcuts");
  dialog.innerHTML = '<div class="dialog-head"><h2>Keyboard shortcuts</h2><button class="button small" data-close-dialog autofocus>Close</button></div><div class="dialog-body key-groups"></div>';
  const groups = groupedKeys();
  for (const [title, rows] of groups) {
    const heading = document.createElement("h3");
    heading.textContent = title;
    dialog.querySelector(".key-groups").append(...(groups.length > 1 ? [heading] : []), keyList(rows));
  }
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** Show the key cap on an element once, and tell assistive technology. */
function decorate(element) {
  const key = element.dataset.key;
  element.setAttribute("aria-keyshortcuts", key === "Ctrl+Enter" && isMac ? "Meta+Enter" : key.replace("Ctrl", "Control"));
  const holder = element.matches(TYPING) ? element.closest(".input-icon") : element.matches("input") ? element.labels?.[0]?.querySelector("span") : element;
  if (!holder || "keyQuiet" in element.dataset || holder.querySelector("kbd")) return;
  const cap = document.createElement("kbd");
  cap.setAttribute("aria-hidden", "true");
  cap.textContent = keyName(key);
  holder.append(cap);
}

document.addEventListener("keydown", onKeydown);
document.addEventListener("htmx:load", (event) => {
  for (const element of event.target.querySelectorAll("[data-key]")) decorate(element);
  if (event.target.matches("[data-key]")) decorate(event.target);
});
for (const element of document.querySelectorAll("[data-key]")) decorate(element);
for (const button of document.querySelectorAll("[data-keys-overlay]")) {
  button.hidden = false;
  button.addEventListener("click", openOverlay);
}
