// j and k move through the rows of a table that carries data-rows: the focus goes to the row's link, so
// Enter opens it natively. x ticks the row's box.
import { recall } from "./storage.js";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || recall("single-keys-off")) return;
  if (!["j", "k", "x"].includes(event.key)) return;
  if (event.target.matches?.("input:not(.check), select, textarea") || document.querySelector("dialog[open]")) return;
  const links = [...document.querySelectorAll("[data-rows] tbody .who")];
  if (!links.length) return;
  const row = event.target.closest?.("[data-rows] tbody tr");
  const at = links.findIndex((link) => row?.contains(link));
  if (event.key === "x") row?.querySelector(".check")?.click();
  else move(links, event.key === "j" ? at + 1 : Math.max(0, at - 1));
});

function move(links, to) {
  const link = links[Math.min(to, links.length - 1)];
  link.focus({ focusVisible: true });
  link.closest("tr").scrollIntoView({ block: "nearest" });
}
