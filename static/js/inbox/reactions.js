// Our reactions to customers' messages: an emoji chosen beside the message, taken back by a click on it.

import { $, $$, fragment, request, t, toast } from "../ui.js";
import * as thread from "./thread.js";

const GAP = 4;

let picker = null;
let opener = null;

export function mount(root) {
  picker = $("#reactions", root);
  $("#messages", root).classList.toggle("can-react", Boolean(picker));
  $("#thread", root).addEventListener("click", (event) => {
    const button = event.target.closest("[data-react]");
    if (button) (button === opener ? close() : open(button));
    const ours = event.target.closest("[data-unreact]");
    if (ours) send(ours.closest(".msg"), "");
  });
  $("#thread", root).addEventListener("scroll", () => close(), { passive: true });
  picker?.addEventListener("click", (event) => {
    const emoji = event.target.closest("[data-emoji]")?.dataset.emoji;
    if (emoji) choose(emoji);
  });
  picker?.addEventListener("keydown", pressed);
  picker?.addEventListener("focusout", (event) => { if (!picker.contains(event.relatedTarget) && event.relatedTarget !== opener) close(); });
}

export function unmount() {
  picker = opener = null;
}

/** React to the message a person points at, else to the customer's last one. */
export function reactLast() {
  if (!picker) return;
  const under = $("#messages .msg-in:not(.is-elsewhere):is(:hover, :focus-within) [data-react]");
  const button = under ?? $$("#messages .msg-in:not(.is-elsewhere) [data-react]").at(-1);
  if (!button) return;
  button.closest(".msg").scrollIntoView({ block: "nearest" });
  open(button);
}

function open(button) {
  close();
  opener = button;
  button.setAttribute("aria-expanded", "true");
  picker.hidden = false;
  const [at, box] = [button.getBoundingClientRect(), picker.getBoundingClientRect()];
  const above = at.top - box.height - GAP;
  const left = Math.min(Math.max(8, at.left), window.innerWidth - box.width - 8);
  picker.style.left = `${left}px`;
  picker.style.top = `${above > 8 ? above : Math.min(at.bottom + GAP, window.innerHeight - box.height - 8)}px`;
  $("[data-emoji]", picker).focus({ preventScroll: true });
}

function close({ refocus = false } = {}) {
  if (!picker || !opener) return;
  const button = opener;
  opener = null;
  picker.hidden = true;
  button.setAttribute("aria-expanded", "false");
  if (refocus) button.focus({ preventScroll: true });
}

function choose(emoji) {
  const item = opener?.closest(".msg");
  close({ refocus: true });
  if (item) send(item, emoji);
}

function pressed(event) {
  const other = event.target.closest("[data-other-emoji]");
  if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); close({ refocus: true }); }
  else if (event.key === "Enter" && other && !event.isComposing) {
    event.preventDefault();
    if (other.value.trim()) choose(other.value.trim());
    other.value = "";
  } else if (!other && event.key in MOVES) { event.preventDefault(); move(MOVES[event.key]); }
}

const MOVES = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 8, ArrowUp: -8, Home: -Infinity, End: Infinity };

function move(by) {
  const all = $$("[data-emoji]", picker);
  const at = Math.min(all.length - 1, Math.max(0, all.indexOf(document.activeElement) + by));
  for (const [place, button] of all.entries()) button.tabIndex = place === at ? 0 : -1;
  all[at].focus();
}

async function send(item, emoji) {
  const url = `/conversations/${thread.id()}/messages/${item.dataset.id}/reaction/`;
  const response = await request(url, { method: "POST", data: { emoji } }).catch(() => null);
  if (response?.ok) {
    thread.merge(fragment(await response.text()));
    // The message was replaced, and with it what had the focus.
    if (document.activeElement === document.body) $(`#m${item.dataset.id} [data-react]`)?.focus({ preventScroll: true });
    return;
  }
  const said = response?.status === 422 ? Object.values((await response.json()).errors).flat().join(" ") : t("request-failed");
  toast(said, { danger: true });
}
