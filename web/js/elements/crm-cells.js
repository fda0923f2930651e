// Values that are changed where they stand: [data-f] inside a row of the table, or inside [data-record].
// Click or Enter opens, Enter saves and goes down, Tab to the right, Escape gives up, leaving saves. The
// server answers with what replaces the elements of the same id; 422 and 409 come back as the form.
import { announce } from "../announce.js";
import { ask } from "../asking.js";

const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
let saving = false;

const recordOf = (cell) => cell.closest("#rows tr[id]") ?? cell.closest("[data-record]");
const inTable = (cell) => Boolean(cell.closest("#rows"));
const urlOf = (cell) => {
  const record = recordOf(cell);
  return `/contacts/${record.dataset.record ?? record.id.slice(1)}/field/${cell.dataset.f}`;
};

async function open(cell) {
  if (cell.querySelector("form.edit") || cell.closest("[data-readonly]")) return;
  const answer = await ask(`${urlOf(cell)}?place=${inTable(cell) ? "row" : "page"}`);
  if (!answer.ok) return announce("This cannot be changed");
  cell.crmBefore = [...cell.childNodes];
  cell.innerHTML = await answer.text();
  cell.setAttribute("hx-morph-skip", ""); // what comes in meanwhile leaves it alone
  focusIn(cell);
}

function focusIn(cell) {
  const field = cell.querySelector("[autofocus], input:not([type=hidden]), select, textarea");
  field?.focus();
  field?.select?.();
}

/** Back to what stood there, with the focus on it. */
function cancel(cell, keepFocus = true) {
  cell.replaceChildren(...(cell.crmBefore ?? []));
  cell.removeAttribute("hx-morph-skip");
  if (keepFocus) focusCell(cell);
}

function focusCell(cell) {
  if (!cell) return;
  const link = cell.querySelector(".who");
  if (!link) cell.tabIndex = inTable(cell) ? -1 : 0;
  (link ?? cell).focus();
}

async function save(form, then = "") {
  const cell = form.closest("[data-f]");
  if (saving || !cell) return;
  const body = new FormData(form);
  if (then !== "again" && !changed(form)) return move(cell, then, () => cancel(cell, then !== "leave"));
  body.set("list", document.getElementById("list-state")?.value ?? "");
  saving = true;
  cell.setAttribute("aria-busy", "true");
  try {
    const answer = await ask(urlOf(cell), { method: "POST", body: new URLSearchParams(body) });
    const html = await answer.text();
    if (answer.ok) return move(cell, then, () => replaceAll(html));
    if (answer.status === 422 || answer.status === 409) {
      cell.innerHTML = html;
      focusIn(cell);
      announce(cell.querySelector("[role=alert]")?.textContent.trim() ?? "");
    } else {
      cancel(cell);
      announce("It could not be saved");
    }
  } finally {
    saving = false;
    cell.removeAttribute("aria-busy");
  }
}

function changed(form) {
  return [...form.elements].some((field) =>
    field.type === "checkbox" ? field.checked !== field.defaultChecked
    : field.tagName === "SELECT" ? [...field.options].some((one) => one.selected !== one.defaultSelected)
    : field.type !== "hidden" && "defaultValue" in field && field.value !== field.defaultValue);
}

/** Finds the next cell by what stays (record and field), lets `change` happen, then goes there. */
function move(cell, then, change) {
  const at = address(cell, then);
  change();
  if (then === "leave") return;
  const next = find(at) ?? find(address(cell, ""));
  focusCell(next);
  if (then === "right" || then === "left") if (next?.dataset.f && next.dataset.f !== cell.dataset.f) open(next);
}

function address(cell, then) {
  const record = recordOf(cell);
  if (!inTable(cell)) return { id: record.id, field: cell.dataset.f };
  const row = then === "down" ? (record.nextElementSibling ?? record) : record;
  const cells = [...record.querySelectorAll("[data-f]")];
  const step = then === "right" ? 1 : then === "left" ? -1 : 0;
  return { id: row.id, field: (cells[cells.indexOf(cell) + step] ?? cell).dataset.f };
}

function find({ id, field }) {
  return document.getElementById(id)?.querySelector(`[data-f="${CSS.escape(field)}"]`);
}

/** Every element of the answer takes the place of the one with its id. */
function replaceAll(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  for (const fresh of [...template.content.children]) {
    const old = fresh.id && document.getElementById(fresh.id);
    if (!old) continue;
    const open = [...old.querySelectorAll("details[open]")].map((one) => one.id);
    const ticked = old.querySelector(".check")?.checked;
    old.replaceWith(fresh);
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (ticked) fresh.querySelector(".check").checked = true;
    window.htmx.process(fresh);
  }
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-take-theirs]")) return cancelConflict(event.target.closest("[data-f]"));
  const cell = event.target.closest("[data-f]");
  if (!cell || event.target.closest("a, button, form, input") || String(getSelection())) return;
  if (!matchMedia("(max-width: 760px)").matches || !inTable(cell)) open(cell);
});

/** Theirs stays: show the record as it is now. */
async function cancelConflict(cell) {
  const list = document.getElementById("list-state")?.value ?? "";
  const place = inTable(cell) ? "row" : "page";
  const at = address(cell, "");
  const answer = await ask(`${urlOf(cell)}/now?place=${place}&list=${encodeURIComponent(list)}`);
  if (answer.ok) replaceAll(await answer.text());
  focusCell(find(at));
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form.edit")) return;
  event.preventDefault();
  save(event.target, event.submitter?.name === "mine" ? "again" : "down");
});

document.addEventListener("focusout", ({ target, relatedTarget }) => {
  const form = target.closest?.("form.edit");
  if (!form || saving || (relatedTarget && form.contains(relatedTarget))) return;
  // After the click or key that took the focus away.
  setTimeout(() => {
    if (form.isConnected && !form.contains(document.activeElement) && document.hasFocus()) save(form, "leave");
  });
});

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("form.edit");
  if (form) return onFormKey(form, event);
  const row = event.target.closest?.("#rows tr, [data-record]");
  if (!row || event.target.matches("input:not(.check), select, textarea") || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "Enter" && event.target.matches("[data-f]")) {
    event.preventDefault();
    open(event.target);
  } else if (ARROWS[event.key] && event.target.closest("#rows")) step(event);
});

function onFormKey(form, event) {
  if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    cancel(form.closest("[data-f]"));
  } else if (event.key === "Tab" && !form.querySelector("fieldset, [data-take-theirs]")) {
    event.preventDefault();
    save(form, event.shiftKey ? "left" : "right");
  } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey || event.target.matches("input[type=checkbox], select"))) {
    event.preventDefault();
    save(form, "down");
  }
}

/** Arrows go from cell to cell. */
function step(event) {
  const cell = event.target.closest("td");
  if (!cell) return;
  const [down, right] = ARROWS[event.key];
  const cells = (row) => [...row.cells].filter((one) => one.checkVisibility() && !one.matches(".ck"));
  const row = cell.parentElement;
  const at = cells(row).indexOf(cell);
  const other = down ? row[down > 0 ? "nextElementSibling" : "previousElementSibling"] : row;
  const next = other && cells(other)[Math.max(0, at + right)];
  if (!next) return;
  event.preventDefault();
  focusCell(next);
  next.scrollIntoView({ block: "nearest", inline: "nearest" });
}
