// Says something to screen readers without moving the focus.
export function announce(words) {
  const region = document.getElementById("live");
  if (!region) return;
  region.textContent = "";
  // The same words twice are only spoken when the region was empty in between.
  setTimeout(() => (region.textContent = words), 50);
}
