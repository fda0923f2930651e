// A contact in short beside the table: Space on a row or its eye opens it, Space and Escape close it, j and k
// take it along. The focus stays in the table, so that nothing is lost.
import { announce } from "../announce.js";
import { ask } from "../asking.js";

const panel = () => document.getElementById("peek");
let shown = "";

async function open(row) {
  const url = `/contacts/${row.id.slice(1)}/peek`;
  const aside = panel();
  if (!aside) return;
  shown = url;
  const answer = await ask(url);
  if (!answer.ok || shown !== url) return;
  aside.innerHTML = await answer.text();
  aside.hidden = false;
  window.htmx.process(aside);
  for (const other of document.querySelectorAll("tr.peeked")) other.classList.remove("peeked");
  row.classList.add("peeked");
  announce(aside.querySelector("h2")?.textContent ?? "");
}

function close() {
  const aside = panel();
  const inside = aside.contains(document.activeElement);
  aside.hidden = true;
  aside.replaceChildren();
  shown = "";
  const row = document.querySelector("tr.peeked");
  row?.classList.remove("peeked");
  if (inside) row?.querySelector(".who")?.focus();
}

document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-peek]")) open(target.closest("tr"));
  else if (target.closest("[data-peek-close]")) close();
});

document.addEventListener("keydown", (event) => {
  if (!panel() || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const row = event.target.closest?.("#rows tr");
  const typing = event.target.matches?.("input:not(.check), select, textarea");
  if (event.key === "Escape" && !panel().hidden && !typing && !document.querySelector("dialog[open], :popover-open")) {
    event.preventDefault();
    close();
  } else if (event.key === " " && row && !typing && !event.target.matches("button, .check")) {
    event.preventDefault();
    if (shown && row.classList.contains("peeked")) close();
    else open(row);
  }
});

document.addEventListener("focusin", ({ target }) => {
  const row = target.closest?.("#rows tr");
  if (shown && row && !row.classList.contains("peeked")) open(row);
});
