// Ctrl/⌘-K: every action, and conversations by name or number.

import { $, $$, fragment, request } from "../ui.js";
import { run } from "./keys.js";
import { go, openId } from "./router.js";

let active = 0;
let timer = null;
let controller = null;

const dialog = () => $("#palette");
const input = () => $("#palette-input");
const options = () => $$("#palette-list [role=option]").filter((item) => !item.hidden);

export function open() {
  if (dialog().open) return;
  input().value = "";
  $("#palette-found").replaceChildren();
  filter();
  dialog().showModal();
  input().focus();
}

function filter() {
  const words = fold(input().value.trim());
  for (const item of $$("#palette-actions [role=option]")) {
    const possible = !("needsOpen" in item.dataset) || openId();
    item.hidden = !possible || !fold(item.textContent).includes(words);
  }
  active = 0;
  mark();
}

const fold = (text) => text.toLocaleLowerCase().normalize("NFD").replace(/\p{M}/gu, "");

function mark() {
  const shown = options();
  active = Math.max(0, Math.min(active, shown.length - 1));
  for (const item of $$("#palette-list [role=option]")) {
    const on = item === shown[active];
    item.classList.toggle("is-active", on);
    item.setAttribute("aria-selected", String(on));
    item.tabIndex = -1;
    if (on) {
      item.id = "palette-active";
      item.scrollIntoView({ block: "nearest" });
    } else item.removeAttribute("id");
  }
  if (shown.length) input().setAttribute("aria-activedescendant", "palette-active");
  else input().removeAttribute("aria-activedescendant");
  $(".palette-none").hidden = shown.length > 0;
}

function search() {
  clearTimeout(timer);
  controller?.abort();
  const words = input().value.trim();
  if (words.length < 2) { $("#palette-found").replaceChildren(); return mark(); }
  timer = setTimeout(async () => {
    controller = new AbortController();
    const response = await request(`/inbox/search/?q=${encodeURIComponent(words)}`, { signal: controller.signal }).catch(() => null);
    if (!response?.ok || input().value.trim() !== words) return;
    $("#palette-found").replaceChildren(fragment(await response.text()));
    mark();
  }, 150);
}

function choose(item) {
  if (!item) return;
  dialog().close();
  if (item.dataset.run) return setTimeout(() => run(item.dataset.run));
  const target = item.dataset.go ?? item.href;
  if (/^\/(inbox|conversations)\//.test(new URL(target, location.href).pathname)) go(target);
  else location.assign(target);
}

export function start() {
  input().addEventListener("input", () => { filter(); search(); });
  dialog().addEventListener("click", (event) => {
    const item = event.target.closest("[role=option]");
    if (item) { event.preventDefault(); event.stopPropagation(); choose(item); }
  });
  input().addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown") active += 1;
    else if (event.key === "ArrowUp") active -= 1;
    else if (event.key === "Enter") { event.preventDefault(); return choose(options()[active]); }
    else return;
    event.preventDefault();
    mark();
  });
}
