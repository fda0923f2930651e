// <crm-picks>: the bar of what can be done with the chosen rows. Rows are chosen with their boxes, with
// Shift+click for a range, x, a long press on a phone, or all that match; they stay chosen from page to page.
import { announce } from "../announce.js";

const LONG_PRESS_MS = 450;

const idOf = (box) => box.closest("tr").id.slice(1);

class CrmPicks extends HTMLElement {
  connectedCallback() {
    this.ids = new Set();
    this.all = false;
    this.last = null;
    this.list = document.getElementById("list");
    this.list.addEventListener("click", this);
    this.list.addEventListener("change", this);
    for (const name of ["pointerdown", "pointerup", "pointercancel", "scroll", "contextmenu"]) {
      this.list.addEventListener(name, (event) => this.onPress(event), true);
    }
    this.addEventListener("click", this);
    document.addEventListener("htmx:after:swap", () => this.show());
    document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => this.onRequest(ctx));
    document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => this.onAnswer(ctx));
    document.addEventListener("keydown", (event) => this.onKey(event));
    this.show();
  }

  boxes() {
    return [...this.list.querySelectorAll("tbody .check")];
  }

  handleEvent({ type, target, shiftKey }) {
    if (type === "click" && target.closest("[data-clear]")) return this.clear();
    if (type === "click" && target.closest("[data-pick-all]")) return this.pickAll();
    if (type === "click" && target.matches("tbody .check")) return this.pick(target, shiftKey);
    if (type === "change" && target.matches("[data-all]")) this.page(target.checked);
  }

  pick(box, isRange) {
    const boxes = this.boxes();
    const from = boxes.indexOf(this.last);
    const to = boxes.indexOf(box);
    const range = isRange && from >= 0 ? boxes.slice(Math.min(from, to), Math.max(from, to) + 1) : [box];
    for (const one of range) this.set(one, box.checked);
    this.last = box;
    this.show();
  }

  page(checked) {
    for (const box of this.boxes()) this.set(box, checked);
    this.show();
  }

  set(box, checked) {
    box.checked = checked;
    if (checked) this.ids.add(idOf(box));
    else this.ids.delete(idOf(box));
    // One that is taken out of "all that match" leaves those of this page.
    if (!checked && this.all) {
      this.all = false;
      this.ids = new Set(this.boxes().filter((one) => one.checked).map(idOf));
    }
  }

  pickAll() {
    this.all = true;
    this.page(true);
    announce(`All ${this.matching()} matching contacts selected`);
  }

  clear() {
    this.all = false;
    this.ids.clear();
    this.page(false);
    (this.last?.closest("tr")?.querySelector(".who") ?? this.list.querySelector(".who"))?.focus();
  }

  matching() {
    return document.getElementById("total")?.dataset.count ?? "";
  }

  /** Puts the boxes, the bar and its forms in line with what is chosen. */
  show() {
    const boxes = this.boxes();
    for (const box of boxes) box.checked = this.all || this.ids.has(idOf(box));
    const ticked = boxes.filter((box) => box.checked).length;
    const head = this.list.querySelector("[data-all]");
    if (head) {
      head.checked = boxes.length > 0 && ticked === boxes.length;
      head.indeterminate = ticked > 0 && ticked < boxes.length;
    }
    const count = this.all ? this.matching() : String(this.ids.size);
    this.hidden = !this.all && this.ids.size === 0;
    if (this.querySelector("[data-count]").textContent !== count) this.querySelector("[data-count]").textContent = count;
    const more = this.querySelector("[data-pick-all]");
    const total = this.matching();
    more.hidden = this.all || !head?.checked || !total || total === String(this.ids.size);
    more.textContent = `Select all ${total} matching`;
    this.fill();
  }

  fill() {
    for (const form of document.querySelectorAll("#bulk, #export")) {
      form.elements.ids.value = this.all ? "" : [...this.ids].join(",");
      form.elements.all.value = this.all ? "1" : "";
      form.elements.list.value = document.getElementById("list-state")?.value ?? "";
    }
  }

  onRequest(ctx) {
    if (ctx.sourceElement?.id !== "bulk") return;
    for (const open of this.querySelectorAll(":popover-open")) open.hidePopover();
    this.toggleAttribute("data-busy", true);
  }

  onAnswer(ctx) {
    if (ctx.sourceElement?.id !== "bulk") return;
    this.toggleAttribute("data-busy", false);
    if ((ctx.response?.status ?? 0) >= 400) return;
    for (const field of document.querySelectorAll("#f-bulk-tag, #f-bulk-task, #f-bulk-due")) field.value = "";
    this.clear();
  }

  onKey(event) {
    if (event.key !== "Escape" || event.defaultPrevented || this.hidden) return;
    if (document.querySelector("dialog[open], :popover-open, .edit") || !document.getElementById("peek")?.hidden) return;
    this.clear();
  }

  /** A finger that stays on a row chooses it, and what follows is not a tap. */
  onPress(event) {
    const row = event.target.closest?.("tbody tr");
    clearTimeout(this.timer);
    if (event.type === "contextmenu" && this.pressed) event.preventDefault();
    if (event.type !== "pointerdown" || event.pointerType !== "touch" || !row || event.target.matches(".check")) return;
    this.pressed = false;
    this.timer = setTimeout(() => {
      this.pressed = true;
      const box = row.querySelector(".check");
      box.checked = !box.checked;
      this.pick(box, false);
      row.addEventListener("click", (click) => click.preventDefault(), { capture: true, once: true });
    }, LONG_PRESS_MS);
  }
}

customElements.define("crm-picks", CrmPicks);
