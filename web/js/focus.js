// After a swap the focus stays where the person was: same id, else the marked element, else (when its row
// went away) the next row or the one before, else the region.
let before = null;
let neighbours = [];

document.addEventListener("htmx:before:swap", () => {
  const active = document.activeElement;
  before = active && active !== document.body ? active.closest("[id]")?.id : null;
  neighbours = before ? rowsAround(active.closest("[data-rows] tr[id]")) : [];
});

document.addEventListener("htmx:after:swap", ({ detail }) => {
  const target = detail.ctx?.target;
  const marked = target?.isConnected && target.querySelector("[data-focus]");
  if (marked) marked.focus();
  else if (before && document.activeElement === document.body) restore(target);
  before = null;
});

/** The ids of this row, the rows after it, and those before it, nearest first. */
function rowsAround(row) {
  if (!row) return [];
  const ids = [...row.closest("[data-rows]").querySelectorAll("tr[id]")].map(({ id }) => id);
  const at = ids.indexOf(row.id);
  return [...ids.slice(at), ...ids.slice(0, at).reverse()];
}

function restore(target) {
  const row = neighbours.map((id) => document.getElementById(id)).find(Boolean);
  const place = document.getElementById(before) ?? row?.querySelector(".who") ?? target;
  if (!place?.isConnected) return;
  place.focus({ preventScroll: true });
  if (document.activeElement !== document.body) return;
  // Not focusable by itself (a table cell, a region): borrow a tabindex.
  place.tabIndex = -1;
  place.focus({ preventScroll: true });
}

// On a phone the sections of the settings are a row that scrolls: the one that is open is in view.
document.querySelector(".sections [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
