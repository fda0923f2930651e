// <crm-toast>: goes after 6 s (10 s with an action), waits while the pointer or the focus is on it;
// errors stay. At most three are shown. Ctrl+Z presses the newest Undo when no field has the focus.
const MOST = 3;

class CrmToast extends HTMLElement {
  connectedCallback() {
    const all = [...this.parentElement.querySelectorAll("crm-toast")];
    for (const old of all.slice(0, -MOST)) old.remove();
    this.addEventListener("click", this);
    if (this.classList.contains("error")) return;
    this.left = this.querySelector("form, a") ? 10_000 : 6_000;
    for (const name of ["pointerenter", "focusin"]) this.addEventListener(name, () => this.pause());
    for (const name of ["pointerleave", "focusout"]) this.addEventListener(name, () => this.run());
    this.run();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  handleEvent({ target }) {
    if (target.closest('[data-close="toast"]')) this.remove();
    else if (target.closest("[data-undo]")) this.wait();
  }

  /** Undo was pressed: out of sight until the answer is there, which brings its own toast. Removed at once,
      the form would take its answer with it. */
  wait() {
    clearTimeout(this.timer);
    this.addEventListener("htmx:finally:request", () => setTimeout(() => this.remove()));
    setTimeout(() => (this.hidden = true));
  }

  run() {
    if (this.hidden) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.remove(), this.left);
  }

  pause() {
    clearTimeout(this.timer);
  }
}

customElements.define("crm-toast", CrmToast);

/** Shows an error that the server could not put in a partial. */
export function errorToast(words) {
  const template = document.getElementById("toast-error");
  if (!template) return;
  const toast = template.content.cloneNode(true);
  toast.querySelector("crm-toast > span").textContent = words;
  document.getElementById("toasts").append(toast);
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey) return;
  if (event.target.matches("input, textarea, select, [contenteditable]")) return;
  const undo = [...document.querySelectorAll("crm-toast [data-undo]")].at(-1);
  if (!undo) return;
  event.preventDefault();
  undo.click();
});
