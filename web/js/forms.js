// A scrolling timeline opens at its end, where the newest is; forms and menus send once.
const ends = document.querySelectorAll("[data-open-at-end]");
for (const end of ends) end.scrollTop = end.scrollHeight;

// [data-autosubmit]: a change of a select or checkbox sends its form (it has a button without JavaScript).
document.addEventListener("change", ({ target }) => {
  if (target.closest("[data-autosubmit]")) target.form?.requestSubmit();
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  // A download leaves the page as it is, so nothing would end the waiting.
  if (event.defaultPrevented || form.method === "get" || form.matches("[hx-post], [hx-put], [hx-delete], [data-download]")) return;
  const button = event.submitter;
  // After the event: a disabled button would not send its own name and value.
  setTimeout(() => button?.setAttribute("data-busy", ""));
});

// Back shows the page as it was left, with its button still spinning.
addEventListener("pageshow", ({ persisted }) => {
  if (!persisted) return;
  for (const button of document.querySelectorAll("[data-busy]")) button.removeAttribute("data-busy");
});
