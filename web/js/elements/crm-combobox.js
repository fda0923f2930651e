// <crm-combobox>: a hidden input (the id), a text input (the words) and a listbox that htmx fills.
// Arrows move, Enter and a click choose, Escape closes; other words than the chosen ones mean nobody.
class CrmCombobox extends HTMLElement {
  connectedCallback() {
    this.value = this.querySelector('input[type="hidden"]');
    this.input = this.querySelector('[role="combobox"]');
    this.list = this.querySelector('[role="listbox"]');
    this.chosen = this.input.value;
    this.input.addEventListener("input", () => this.onInput());
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    this.input.addEventListener("blur", () => this.close());
    this.list.addEventListener("pointerdown", (event) => this.onPointer(event));
    this.addEventListener("htmx:after:swap", ({ detail }) => detail.ctx?.target === this.list && this.onFound());
  }

  onInput() {
    if (this.input.value !== this.chosen) this.set("");
    if (!this.input.value.trim()) this.close();
  }

  onFound() {
    if (document.activeElement !== this.input || !this.input.value.trim()) return;
    this.open();
    this.select(this.options()[0]);
  }

  onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.move(step);
    else if (event.key === "Enter" && !this.list.hidden && this.selected()) this.choose(this.selected());
    else if (event.key === "Escape" && !this.list.hidden) this.close();
    else return;
    event.preventDefault();
  }

  onPointer(event) {
    event.preventDefault(); // the focus stays in the field
    const option = event.target.closest('[role="option"]');
    if (option) this.choose(option);
  }

  move(step) {
    const options = this.options();
    if (!options.length) return;
    this.open();
    const next = options.indexOf(this.selected()) + step;
    this.select(options.at(next < 0 ? -1 : next % options.length));
  }

  choose(option) {
    this.chosen = this.input.value = option.dataset.words;
    this.set(option.dataset.value);
    this.close();
  }

  set(value) {
    if (this.value.value === value) return;
    this.value.value = value;
    this.value.dispatchEvent(new Event("change", { bubbles: true }));
  }

  options() {
    return [...this.list.querySelectorAll('[role="option"]')];
  }

  selected() {
    return this.list.querySelector('[aria-selected="true"]');
  }

  select(option) {
    this.selected()?.setAttribute("aria-selected", "false");
    if (!option) return this.input.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    this.input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  open() {
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}

customElements.define("crm-combobox", CrmCombobox);
