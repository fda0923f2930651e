// <crm-palette>: a combobox over pages, actions (here) and records (from the server, by htmx).
// `>` leaves only pages and actions, `#` and `@` only the tags and people that the server finds.
// Arrows move, Enter runs, Ctrl+Enter opens a new tab, Escape closes; the focus never leaves the field.
class CrmPalette extends HTMLElement {
  connectedCallback() {
    this.input = this.querySelector("input");
    this.list = this.querySelector('[role="listbox"]');
    this.found = this.querySelector("#palette-found");
    this.nothing = this.querySelector(".nothing");
    this.dialog = this.closest("dialog");
    this.dialog.addEventListener("crm:open", () => this.reset());
    this.input.addEventListener("input", () => this.filter());
    this.addEventListener("keydown", (event) => this.onKey(event));
    this.list.addEventListener("pointermove", ({ target }) => this.select(target.closest('[role="option"]'), false));
    this.list.addEventListener("click", ({ target }) => {
      if (target.closest("[data-theme-next]")) this.dialog.close();
    });
    this.addEventListener("htmx:after:swap", () => this.filter());
  }

  reset() {
    this.input.value = "";
    this.found.replaceChildren();
    this.filter();
  }

  /** Shows the local choices that match; what the server found stays as it is. */
  filter() {
    const typed = this.input.value.trim().toLowerCase();
    const mode = /^[>#@]/.test(typed) ? typed[0] : "";
    const words = mode ? typed.slice(1).trim() : typed;
    if (mode === ">" || (!mode && words.length < 2)) this.found.replaceChildren();
    for (const option of this.list.querySelectorAll('[role="option"]:not([data-found])')) {
      option.hidden = mode === "#" || mode === "@" || !matches(label(option), words);
    }
    for (const group of this.list.querySelectorAll('[role="group"]')) {
      group.hidden = !group.querySelector('[role="option"]:not([hidden])');
    }
    const options = this.options();
    this.nothing.hidden = options.length > 0;
    this.list.hidden = options.length === 0;
    this.input.setAttribute("aria-expanded", String(options.length > 0));
    this.select(options[0]);
  }

  options() {
    return [...this.list.querySelectorAll('[role="option"]:not([hidden])')];
  }

  selected() {
    return this.list.querySelector('[aria-selected="true"]:not([hidden])');
  }

  select(option, scroll = true) {
    if (option === null) return;
    this.list.querySelector('[aria-selected="true"]')?.setAttribute("aria-selected", "false");
    if (!option) return this.input.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    this.input.setAttribute("aria-activedescendant", option.id);
    if (scroll) option.scrollIntoView({ block: "nearest" });
  }

  onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.move(step);
    else if (event.key === "Home" && !this.input.value) this.select(this.options()[0]);
    else if (event.key === "End" && !this.input.value) this.select(this.options().at(-1));
    else if (event.key === "Enter") this.run(event.ctrlKey || event.metaKey);
    else return;
    event.preventDefault();
  }

  move(step) {
    const options = this.options();
    const next = options.indexOf(this.selected()) + step;
    this.select(options.at(next < 0 ? -1 : next % options.length));
  }

  run(newTab) {
    const option = this.selected();
    if (!option) return;
    if (newTab && option.href) window.open(option.href, "_blank", "noopener");
    else option.click();
  }
}

function label(option) {
  return option.textContent.trim().toLowerCase();
}

/** Every typed word begins a word of the label, or its letters come in this order. */
function matches(text, typed) {
  if (typed.split(/\s+/).every((word) => text.includes(word))) return true;
  let at = -1;
  return typed.length > 2 && [...typed].every((letter) => (at = text.indexOf(letter, at + 1)) >= 0);
}

customElements.define("crm-palette", CrmPalette);
