"use strict";
/* "/" leads to the search from anywhere but a field. */
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  const field = document.querySelector("[data-seek]");
  if (field) { event.preventDefault(); field.focus(); field.select(); }
});
/* "r" presses Reviewed: of the row that has the focus, else the first there is. */
document.addEventListener("keydown", (event) => {
  if (event.key !== "r" || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  const row = event.target.closest("tr"), button = (row || document).querySelector("[data-review]");
  if (button) { event.preventDefault(); button.click(); }
});
