// A generated problem is decided on as a trace is, see review.js. Here is what only it has: its text can be changed.

// Opened, the text is to be written in.
document.addEventListener("toggle", (event) => {
  if (event.target.open && event.target.querySelector("#id_statement")) event.target.querySelector("#id_statement").focus();
}, true);
