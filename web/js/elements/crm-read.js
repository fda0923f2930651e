// <crm-read unread="3" href="…" show="everything" until="…">: the number stands in front of the title. Who
// has the page before their eyes for two seconds has read what it shows, unless there is no href.
import { ask } from "../asking.js";

const LOOK = 2000;

class CrmRead extends HTMLElement {
  static observedAttributes = ["unread", "until"];

  connectedCallback() {
    document.addEventListener("visibilitychange", this);
    addEventListener("focus", this);
    addEventListener("blur", this);
    this.handleEvent();
  }

  disconnectedCallback() {
    document.removeEventListener("visibilitychange", this);
    removeEventListener("focus", this);
    removeEventListener("blur", this);
    clearTimeout(this.timer);
  }

  attributeChangedCallback() {
    if (this.isConnected) this.handleEvent();
  }

  handleEvent() {
    const unread = Number(this.getAttribute("unread"));
    const title = document.title.replace(/^\(\d+\) /, "");
    document.title = unread ? `(${unread}) ${title}` : title;
    clearTimeout(this.timer);
    if (!unread || !this.hasAttribute("href") || document.hidden || !document.hasFocus()) return;
    this.timer = setTimeout(() => this.read(), LOOK);
  }

  async read() {
    const body = new URLSearchParams({ show: this.getAttribute("show"), until: this.getAttribute("until") });
    const until = this.getAttribute("until");
    try {
      const { ok } = await ask(this.getAttribute("href"), { method: "POST", body });
      // What came in the meantime has a later moment and is still unread.
      if (ok && this.getAttribute("until") === until) this.setAttribute("unread", "0");
    } catch {
      // Unread it stays; the next look tries again.
    }
  }
}

customElements.define("crm-read", CrmRead);
