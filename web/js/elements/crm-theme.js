// <crm-theme>: buttons with value system, light or dark. Several on a page stay in step.
import { recall, remember } from "../storage.js";

const root = document.documentElement;

function choose(theme) {
  remember("theme", theme === "system" ? null : theme);
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  for (const choice of document.querySelectorAll("crm-theme")) choice.show();
}

class CrmTheme extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", this);
    this.show();
  }

  handleEvent({ target }) {
    const button = target.closest("button[value]");
    if (button) choose(button.value);
  }

  show() {
    const theme = recall("theme") ?? root.dataset.theme ?? "system";
    for (const button of this.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.value === theme));
    }
  }
}

customElements.define("crm-theme", CrmTheme);

// [data-theme-next]: from what is shown to the other one.
document.addEventListener("click", ({ target }) => {
  if (!target.closest("[data-theme-next]")) return;
  const shown = root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  choose(shown === "dark" ? "light" : "dark");
});
