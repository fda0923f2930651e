// <crm-order>: lines that [data-move="-1"] and "1" move up and down; the form sends them in their order.
import { announce } from "../announce.js";

class CrmOrder extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", this);
  }

  handleEvent({ target }) {
    const button = target.closest("[data-move]");
    const line = button?.closest(".line");
    if (!line) return;
    const other = button.dataset.move === "1" ? line.nextElementSibling : line.previousElementSibling;
    if (!other) return;
    if (button.dataset.move === "1") other.after(line);
    else other.before(line);
    button.focus();
    const lines = [...this.querySelectorAll(".line")];
    announce(`${line.textContent.trim()}, place ${lines.indexOf(line) + 1} of ${lines.length}`);
  }
}

customElements.define("crm-order", CrmOrder);
