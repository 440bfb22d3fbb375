"use strict";
/* What pages gain with a script; all of them work without it. */

/* A form is sent once: a second press of its button does nothing while the first is on its way. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) { event.preventDefault(); return; }
  if (form.method === "post") { form.dataset.sent = "1"; setTimeout(() => delete form.dataset.sent, 8000); }
});
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));

/* `data-print` on a button prints the page. */
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

/* Where a part of a page is put in place of another and what had the focus is gone, the focus goes to what `data-focus` names. */
document.addEventListener("htmx:after:swap", () => {
  if (document.activeElement === document.body) document.querySelector("[data-focus]")?.focus();
});
