// <button data-dialog="id"> opens a <dialog>; [data-close] and a click on the backdrop close it.
// The browser gives the focus back to the opener when a modal dialog closes.
import { announce } from "./announce.js";

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) return openDialog(opener.dataset.dialog, opener);
  const dialog = event.target.closest("dialog[open]");
  if (dialog && (event.target === dialog || event.target.closest('[data-close="dialog"]'))) {
    if (event.target !== dialog || isOutside(dialog, event)) dialog.close();
  }
});

/** Opens a dialog, closing the one (or the menu) that `opener` stands in. */
export function openDialog(id, opener) {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return;
  opener?.closest("dialog[open]")?.close();
  opener?.closest("[popover]:popover-open")?.hidePopover();
  dialog.dispatchEvent(new CustomEvent("crm:open"));
  dialog.showModal();
}

function isOutside(dialog, { clientX: x, clientY: y }) {
  const box = dialog.getBoundingClientRect();
  return x < box.left || x > box.right || y < box.top || y > box.bottom;
}

// <button data-copy="text"> copies its text.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard?.writeText(button.dataset.copy);
  announce("Copied");
  button.classList.add("ok");
  setTimeout(() => button.classList.remove("ok"), 2000);
});
