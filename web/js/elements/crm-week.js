// <crm-week>: a week opens at seven in the morning, not at midnight, and where it scrolls sideways at today.
class CrmWeek extends HTMLElement {
  connectedCallback() {
    if (this.scrollTop) return; // swapped in again: it stays where it was read
    const start = this.querySelector("[data-start]");
    const today = this.querySelector(".day-col.is-today");
    if (today) this.scrollLeft = today.offsetLeft - this.querySelector(".day-col").offsetLeft;
    if (start) this.scrollTop = start.offsetTop - 8; // from the first hour, which is below the head
  }
}

customElements.define("crm-week", CrmWeek);
