// The contact panel: loads beside the thread, folds away, a drawer where there is no room.

import { $, request } from "../ui.js";

const narrow = matchMedia("(max-width: 1099.98px)");
const PACE = 1500;

let root = null;
let timer = null;

export function mount(element) {
  root = element;
  show();
  load();
}

async function load() {
  const place = $("#panel");
  const mine = root;
  const response = await request(place.dataset.panelUrl).catch(() => null);
  if (!response?.ok || root !== mine) return;
  const html = await response.text();
  const top = place.scrollTop;
  place.innerHTML = html;
  htmx.process(place);
  place.scrollTop = top;
}

/** Something about the conversation changed; messages and ticks do not concern the panel. */
export function changed(event) {
  if (event.kind !== "conversation.changed" || timer) return;
  timer = setTimeout(() => { timer = null; if (root?.isConnected) load(); }, PACE);
}

function show() {
  const closed = localStorage.getItem("panel") === "closed";
  root.classList.toggle("no-panel", closed && !narrow.matches);
  const open = narrow.matches ? root.classList.contains("has-drawer") : !closed;
  $(".panel-toggle")?.setAttribute("aria-expanded", String(open));
}

export function toggle() {
  if (!root) return;
  if (narrow.matches) root.classList.toggle("has-drawer");
  else localStorage.setItem("panel", root.classList.contains("no-panel") ? "" : "closed");
  show();
  if (root.classList.contains("has-drawer")) $(".panel-close")?.focus();
}

export function start() {
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-panel-toggle]")) return toggle();
    // The scrim is the conversation's own ::after.
    if (event.target === root && root.classList.contains("has-drawer")) toggle();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && root?.classList.contains("has-drawer")) toggle();
  });
  document.addEventListener("inbox:header", () => { if (root?.isConnected) show(); });
  narrow.addEventListener("change", () => { root?.classList.remove("has-drawer"); if (root?.isConnected) show(); });
}
