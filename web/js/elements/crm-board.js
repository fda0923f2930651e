// <crm-board data-move="/deals/ID/move?…">: cards move by dragging, by their menu, and by Ctrl+arrows.
// The card stays where it was put while the server is asked; when it says no, it goes back.
import Sortable from "sortablejs/modular/sortable.core.esm.js";
import { announce } from "../announce.js";
import { recall, remember } from "../storage.js";
import { closingForm, isClosing } from "./closing.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const phone = matchMedia("(max-width: 760px)");
const UNFOLDED = "deals-lost-unfolded";

// On a phone one column is seen at a time: the picker marks which.
const seen = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) markStage(target.id.slice(4));
    }
  },
  { threshold: 0.6 },
);

function markStage(stage) {
  for (const link of document.querySelectorAll("[data-pick]")) {
    if (link.dataset.pick !== stage) link.removeAttribute("aria-current");
    else {
      link.setAttribute("aria-current", "true");
      link.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }
}

class CrmBoard extends HTMLElement {
  connectedCallback() {
    this.prepare();
    if (this.ready) return;
    this.ready = true;
    this.addEventListener("click", (event) => this.click(event));
    this.addEventListener("keydown", (event) => this.keydown(event));
  }

  /** Lists of cards that came with a swap can be dragged too; Lost is folded as it was left. */
  prepare() {
    for (const column of this.querySelectorAll("[data-folds]")) this.fold(column, !recall(UNFOLDED));
    if (phone.matches) for (const column of this.querySelectorAll(".col")) seen.observe(column);
    if (!this.dataset.move) return;
    for (const list of this.querySelectorAll(".cards")) if (!Sortable.get(list)) this.sortable(list);
  }

  sortable(list) {
    new Sortable(list, {
      group: "deals",
      draggable: ".deal",
      filter: ".more, .more-cards",
      preventOnFilter: false,
      animation: calm.matches ? 0 : 140,
      forceFallback: true,
      fallbackOnBody: true,
      fallbackTolerance: 4,
      delay: 120,
      delayOnTouchOnly: true,
      touchStartThreshold: 5,
      emptyInsertThreshold: 24,
      scroll: true,
      bubbleScroll: true,
      scrollSensitivity: 60,
      onStart: ({ item }) => {
        this.origin = place(item);
        this.classList.add("dragging");
      },
      onEnd: ({ item }) => {
        this.classList.remove("dragging");
        item.querySelector("a")?.addEventListener("click", swallow, { once: true, capture: true });
        setTimeout(() => item.querySelector("a")?.removeEventListener("click", swallow, true), 50);
        this.dropped(item, this.origin);
        this.settle();
      },
    });
  }

  click({ target }) {
    const fold = target.closest("[data-fold]");
    if (!fold) return;
    const column = fold.closest("[data-folds]");
    const folded = !column.classList.contains("folded");
    remember(UNFOLDED, folded ? null : "1");
    this.fold(column, folded);
  }

  fold(column, folded) {
    column.classList.toggle("folded", folded);
    const button = column.querySelector("[data-fold]");
    button?.setAttribute("aria-expanded", String(!folded));
    const words = folded ? "Show lost deals" : "Hide lost deals";
    button?.setAttribute("aria-label", words);
    if (button) button.dataset.tip = words;
  }

  keydown(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    const card = event.target.closest(".deal");
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!card || !step || !this.dataset.move) return;
    event.preventDefault();
    this.step(card, ...step);
  }

  /** One column sideways at the same height, or one place up or down. */
  step(card, across, down) {
    if (card.classList.contains("saving")) return;
    const from = place(card);
    const lists = [...this.querySelectorAll(".cards")];
    const list = lists[lists.indexOf(from.list) + across];
    const cards = cardsOf(list ?? from.list).filter((other) => other !== card);
    const at = cardsOf(from.list).indexOf(card) + down;
    if (!list || at < 0 || (down && at > cards.length)) return;
    put(card, list, cards[at] ?? null);
    focusOn(card);
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
    this.dropped(card, from);
  }

  moveTo(card, stage) {
    const list = this.querySelector(`.cards[data-stage="${CSS.escape(stage)}"]`);
    const from = place(card);
    if (!list || list === from.list) return;
    put(card, list, cardsOf(list)[0] ?? null);
    focusOn(card);
    this.dropped(card, from);
  }

  /** A card stands in a new place: ask what has to be asked, then tell the server. */
  dropped(card, from) {
    const to = place(card);
    if (to.list === from.list && to.next === from.next) return;
    if (to.list !== from.list && isClosing(to.list.dataset.stage)) {
      closingForm(to.list.dataset.stage, card, (values) => {
        if (values) this.send(card, from, values, true);
        else this.back(card, from);
      });
    } else {
      this.send(card, from, {});
    }
  }

  send(card, from, values, focused = false) {
    const to = place(card);
    count(from.list, -1);
    count(to.list, 1);
    card.classList.add("saving");
    const after = card.previousElementSibling?.dataset.id;
    const before = card.nextElementSibling?.dataset.id;
    // Before the card below; at the end of what is shown, after the one above.
    const where = before ? { before_id: before } : after ? { after_id: after } : {};
    const address = `${this.dataset.move.replace("ID", card.dataset.id)}&from=${from.list.dataset.stage}`;
    window.htmx.ajax("POST", address, {
      source: card,
      target: card,
      swap: "none",
      values: { stage: to.list.dataset.stage, version: card.dataset.version, ...where, ...values },
      move: { card: card.id, from, to, focused: focused || card.contains(document.activeElement) },
    });
  }

  back(card, from) {
    put(card, from.list, from.next?.parentElement === from.list ? from.next : null);
    focusOn(card);
  }

  /** The answer to a move is here, and not yet on the page. */
  answered({ card: id, from, to }, ok) {
    const card = document.getElementById(id);
    if (ok || !card) return;
    count(to.list, -1);
    count(from.list, 1);
    this.back(card, from);
  }

  /** The page shows the answer. */
  finished({ card: id, focused }, ok) {
    const card = document.getElementById(id);
    card?.classList.remove("saving");
    this.prepare();
    this.settle();
    if (!card) return;
    if (focused && !card.contains(document.activeElement)) focusOn(card);
    const list = card.closest(".cards");
    const total = Number(list.closest(".col").querySelector("[data-count]").textContent.replace(/\D/g, ""));
    const at = `${list.dataset.label}, position ${cardsOf(list).indexOf(card) + 1} of ${total}`;
    announce(ok ? `${card.dataset.name}, ${at}` : `${card.dataset.name} went back to ${at}`);
  }

  get busy() {
    return this.classList.contains("dragging") || this.querySelector(".saving, .asking") !== null;
  }

  /** A refresh that had to wait for a drag happens now. */
  settle() {
    if (!this.waiting || this.busy) return;
    this.waiting = false;
    document.body.dispatchEvent(new CustomEvent("deals"));
  }
}

customElements.define("crm-board", CrmBoard);

const board = () => document.querySelector("crm-board");

function place(card) {
  return { list: card.parentElement, next: card.nextElementSibling };
}

function put(card, list, before) {
  list.insertBefore(card, before ?? list.querySelector(".more-cards"));
}

/** The card's link; where the card is not drawn, what unfolds its column. */
function focusOn(card) {
  const shown = card.checkVisibility() ? card.querySelector("a") : card.closest(".col").querySelector("[data-fold]");
  shown?.focus({ preventScroll: true });
}

function cardsOf(list) {
  return [...list.querySelectorAll(":scope > .deal")];
}

function count(list, difference) {
  const number = list.closest(".col").querySelector("[data-count]");
  number.textContent = (Number(number.textContent.replace(/\D/g, "")) + difference).toLocaleString("en-US");
}

function swallow(event) {
  event.preventDefault();
  event.stopPropagation();
}

// The answers to moves, marked by what send() put into the request.
document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  if (ctx.move) board()?.answered(ctx.move, ctx.response.status < 400);
});

document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  if (!ctx.move) return;
  if (!ctx.response) board()?.answered(ctx.move, false);
  board()?.finished(ctx.move, (ctx.response?.status ?? 500) < 400);
});

// No refresh under a card that is being dragged or sent; it follows then, with as many cards as shown.
document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = event.detail;
  const region = ctx.sourceElement;
  if (!region?.matches?.("[data-board]") || ctx.request.method !== "GET") return;
  const here = board();
  if (here?.busy) {
    here.waiting = true;
    event.preventDefault();
    return;
  }
  for (const list of here?.querySelectorAll(".cards") ?? []) {
    const shown = cardsOf(list).length;
    if (shown > 30) ctx.request.action += `&shown=${list.dataset.stage}:${shown}`;
  }
});

document.addEventListener("htmx:after:swap", () => board()?.prepare());

// "Show 12 more": the focus goes on with the first new card.
let lastCard = null;
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  const more = ctx.sourceElement?.closest?.(".more-cards");
  if (more) lastCard = more.previousElementSibling;
});
document.addEventListener("htmx:after:swap", () => {
  lastCard?.nextElementSibling?.querySelector("a")?.focus();
  lastCard = null;
});

// The menu "Move to…" is one for all cards: it is about the card whose button opened it.
let asked = null;
document.addEventListener("click", ({ target }) => {
  const opener = target.closest('[popovertarget="deal-move"]');
  if (opener) asked = opener.closest(".deal");
  const choice = target.closest("#deal-move [data-to]");
  if (!choice || !asked) return;
  document.getElementById("deal-move").hidePopover();
  board()?.moveTo(asked, choice.dataset.to);
}, true);

document.addEventListener("toggle", ({ target, newState }) => {
  if (target.id !== "deal-move" || newState !== "open" || !asked) return;
  target.querySelector("[data-title]").textContent = `Move “${asked.dataset.name}” to`;
  const stage = asked.parentElement.dataset.stage;
  for (const item of target.querySelectorAll("[data-to]")) {
    item.querySelector("[data-here]").hidden = item.dataset.to !== stage;
  }
}, true);
