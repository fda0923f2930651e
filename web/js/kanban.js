// Pages of deals: the board, and fields edited in place.
import "./elements/crm-board.js";

// Escape leaves an open field as it was.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  event.target.closest?.(".cell-form")?.querySelector("[data-cancel]")?.click();
});
