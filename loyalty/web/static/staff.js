"use strict";
/* "/" leads to the search from anywhere but a field. */
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  const field = document.querySelector("[data-seek]");
  if (field) { event.preventDefault(); field.focus(); field.select(); }
});
