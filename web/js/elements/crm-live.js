// <crm-live on="contacts tags" href="/contacts?…" target="#list" scroller=".scroll">: fetches a region anew
// when one of these events is told (live.js), and on refresh. Whoever has scrolled away or is typing in
// the region is not interrupted: its button offers what is new instead.
import htmx from "htmx.org/dist/htmx.esm.js";

const SCROLLED = 60; // pixels

class CrmLive extends HTMLElement {
  connectedCallback() {
    this.names = [...this.getAttribute("on").split(" "), "refresh"];
    for (const name of this.names) document.body.addEventListener(name, this);
    this.button = this.querySelector("button");
    this.button?.addEventListener("click", () => this.show());
    this.fresh = new Set();
  }

  disconnectedCallback() {
    for (const name of this.names) document.body.removeEventListener(name, this);
  }

  get region() {
    return document.querySelector(this.getAttribute("target"));
  }

  get scroller() {
    return this.hasAttribute("scroller") && this.region?.querySelector(this.getAttribute("scroller"));
  }

  handleEvent({ detail }) {
    if (!this.region) return;
    if (this.button && (Math.abs(this.scroller?.scrollTop ?? 0) > SCROLLED || this.isEdited())) {
      for (const id of detail.ids) this.fresh.add(id);
      this.button.querySelector("span").textContent = this.fresh.size ? `${this.fresh.size} changed` : "Changed";
      this.button.hidden = false;
    } else this.fetch();
  }

  isEdited() {
    const active = document.activeElement;
    return this.region.contains(active) && active.matches("input:not([type=search], [type=checkbox]), select, textarea");
  }

  show() {
    if (this.scroller) this.scroller.scrollTop = 0;
    this.fetch();
  }

  async fetch() {
    if (this.isFetching) return (this.again = true);
    this.isFetching = true;
    this.fresh.clear();
    if (this.button) this.button.hidden = true;
    try {
      await htmx.ajax("GET", this.getAttribute("href"), { source: this, target: this.region, swap: "innerMorph" });
    } catch {
      // The next event asks again.
    }
    this.isFetching = false;
    if (this.again) {
      this.again = false;
      if (this.isConnected) this.fetch();
    }
  }
}

customElements.define("crm-live", CrmLive);
