// Code that is wider or higher than its frame is reached by Tab and scrolled by the arrow keys; what fits is no stop.

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    if (target.scrollWidth > target.clientWidth || target.scrollHeight > target.clientHeight) target.tabIndex = 0;
  }
});

function watch(root) {
  for (const block of root.querySelectorAll("pre:not([tabindex])")) seen.observe(block);
}

watch(document);
document.addEventListener("htmx:load", (event) => watch(event.target));
