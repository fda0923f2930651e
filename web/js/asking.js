// Requests of our own elements: with the headers that htmx would send, and whatever others add to those
// (the id of this tab), so that the server cannot tell them apart.
export function ask(url, options = {}) {
  const headers = { "HX-Request": "true", "HX-Request-Type": "partial" };
  const detail = { ctx: { request: { headers } } };
  document.dispatchEvent(new CustomEvent("htmx:config:request", { detail }));
  return fetch(url, { ...options, headers });
}
