// After a swap the focus stays where the person was: same id, else the marked element, else the region.
let before = null;

document.addEventListener("htmx:before:swap", () => {
  const active = document.activeElement;
  before = active && active !== document.body ? active.closest("[id]")?.id : null;
});

document.addEventListener("htmx:after:swap", ({ detail }) => {
  const target = detail.ctx?.target;
  const marked = target?.isConnected && target.querySelector("[data-focus]");
  if (marked) marked.focus();
  else if (before && document.activeElement === document.body) restore(target);
  before = null;
});

function restore(target) {
  const place = document.getElementById(before) ?? target;
  if (!place?.isConnected) return;
  place.focus({ preventScroll: true });
  if (document.activeElement !== document.body) return;
  // Not focusable by itself (a table cell, a region): borrow a tabindex.
  place.tabIndex = -1;
  place.focus({ preventScroll: true });
}
