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

/* What `data-watch` marks is looked at again every three seconds, for ten minutes at most; when it is over, the page is loaded anew. */
let looks = 200;
const watching = document.querySelector("[data-watch]") && setInterval(async () => {
  if (document.hidden) return;
  if (looks-- <= 0) { clearInterval(watching); return; }
  const answer = await fetch(location.href, { credentials: "same-origin" });
  if (!answer.ok || answer.redirected) { clearInterval(watching); return; }
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-watch]");
  if (fresh) document.querySelector("[data-watch]").replaceWith(document.adoptNode(fresh));
  else { clearInterval(watching); location.reload(); }
}, 3000);
