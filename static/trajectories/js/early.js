// What was typed before the scripts were there, or put back by the browser, is told to the page as if it were typed now.
// Otherwise a search or a preview shows what the field no longer says.

function differs(field) {
  if (field instanceof HTMLSelectElement) {
    const options = [...field.options];
    const first = options.findLast((option) => option.defaultSelected) ?? options[0];
    return !field.multiple && field.selectedOptions[0] !== first;
  }
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  return field.type !== "file" && field.value !== field.defaultValue;
}

// Sent by htmx once it has wired the whole page.
document.addEventListener(
  "htmx:load",
  () => {
    for (const field of document.querySelectorAll("form :is(input, select, textarea)")) {
      if (differs(field)) field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  },
  { once: true },
);
