// <crm-composer>: tabs over the forms of what can be written; one line until it is used. What is begun is
// kept on the server a second after the last key. Ctrl+Enter saves; a number chooses the tab (1, 2, …).
import { announce } from "../announce.js";
import { ask } from "../asking.js";

const DRAFT_MS = 1000;

class CrmComposer extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => this.onClick(event));
    this.addEventListener("keydown", (event) => this.onKey(event));
    this.addEventListener("input", (event) => this.onInput(event));
    // Not for the tabs: they would move away under the pointer.
    this.addEventListener("focusin", ({ target }) => target.closest(".panel") && this.toggleAttribute("open", true));
    this.addEventListener("htmx:after:request", ({ detail: { ctx } }) => this.onAnswer(ctx));
    this.onOutside = ({ target }) => this.onLeave(target);
    document.addEventListener("click", this.onOutside);
    this.onHide = () => this.flush();
    document.addEventListener("visibilitychange", this.onHide);
    for (const when of this.querySelectorAll("[data-now]")) if (!when.value) when.value = localNow();
  }

  disconnectedCallback() {
    document.removeEventListener("click", this.onOutside);
    document.removeEventListener("visibilitychange", this.onHide);
    this.flush();
  }

  tabs() {
    return [...this.querySelectorAll('[role="tab"]:not([aria-disabled="true"])')];
  }

  onClick({ target }) {
    const tab = target.closest('[role="tab"]');
    if (tab && tab.getAttribute("aria-disabled") !== "true") this.choose(tab, true);
  }

  choose(tab, enter) {
    this.flush();
    for (const other of this.querySelectorAll('[role="tab"]')) {
      const is = other === tab;
      other.setAttribute("aria-selected", String(is));
      other.tabIndex = is ? 0 : -1;
      const panel = document.getElementById(other.getAttribute("aria-controls"));
      if (panel) panel.hidden = !is;
    }
    const panel = document.getElementById(tab.getAttribute("aria-controls"));
    this.toggleAttribute("open", true);
    if (enter) panel.querySelector("textarea, input:not([type=hidden])")?.focus();
    else tab.focus();
  }

  onKey(event) {
    const tab = event.target.closest('[role="tab"]');
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (tab && step) {
      const tabs = this.tabs();
      event.preventDefault();
      return this.choose(tabs.at((tabs.indexOf(tab) + step) % tabs.length), false);
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.target.form?.requestSubmit();
    } else if (event.key === "Escape" && this.hasAttribute("open")) {
      event.target.blur?.();
      this.onLeave(document.body);
    }
  }

  onLeave(target) {
    if (this.contains(target)) return;
    const empty = [...this.querySelectorAll("textarea, [data-begin]")].every((field) => !field.value.trim());
    if (empty) this.removeAttribute("open");
  }

  /** Saved: the form is as new, and the focus stays in it. */
  onAnswer({ sourceElement: form, response }) {
    if (!form?.dataset.draft || (response?.status ?? 500) >= 300) return;
    for (const field of form.querySelectorAll("textarea, input:not([type=hidden])")) {
      field.value = field.matches("[data-now]") ? localNow() : "";
    }
    const state = form.querySelector("[data-draft-state]");
    if (state) state.textContent = "";
    form.querySelector("textarea, [data-begin]")?.focus();
  }

  onInput({ target }) {
    const form = target.form;
    if (!form?.dataset.draft) return;
    if (this.waiting && this.waiting !== form) this.flush();
    this.waiting = form;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), DRAFT_MS);
  }

  /** Keeps what was begun; an emptied form keeps nothing. */
  async flush() {
    clearTimeout(this.timer);
    const form = this.waiting;
    this.waiting = null;
    if (!form || form.matches("[data-busy], .htmx-request")) return;
    const answer = await ask(form.dataset.draft, { method: "POST", body: new URLSearchParams(new FormData(form)), keepalive: true }).catch(() => null);
    const state = form.querySelector("[data-draft-state]");
    if (state) state.textContent = answer?.ok ? "Draft kept" : "Draft not kept";
    if (!answer?.ok) announce("The draft could not be kept");
  }
}

function localNow() {
  const now = new Date();
  return new Date(now - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

customElements.define("crm-composer", CrmComposer);

// A sent form needs no draft any more: its answer clears it on the server, this stops the one under way.
document.addEventListener("submit", ({ target }) => {
  const composer = target.closest("crm-composer");
  if (!composer) return;
  clearTimeout(composer.timer);
  composer.waiting = null;
});
