// The keyboard. Single letters can be turned off, and never fire in fields or while composing.

import { $, runLastAction, shortcutsOn } from "../ui.js";
import * as actions from "./actions.js";
import * as composer from "./composer.js";
import * as list from "./list.js";
import * as palette from "./palette.js";
import * as reactions from "./reactions.js";
import { go, openId } from "./router.js";

const commands = {
  next: () => list.move(1),
  previous: () => list.move(-1),
  open: () => { const link = list.current(); if (link) go(link.href); },
  back: () => { const link = $("[data-back]"); if (link) { go(link.href); list.current()?.focus(); } },
  reply: () => openId() && composer.setMode(false),
  note: () => openId() && composer.setMode(true),
  react: () => openId() && reactions.reactLast(),
  quote: () => openId() && composer.quote(),
  build: () => openId() && composer.build(),
  preview: () => openId() && composer.preview(),
  resolve: () => actions.toggleResolved(),
  snooze: () => actions.menu("snooze"),
  assign: () => actions.menu("assign"),
  label: () => actions.menu("labels"),
  search: () => { const field = $("[data-list-search] input[type=search]"); field?.focus(); field?.select(); },
  undo: () => runLastAction(),
  sheet: () => sheet(),
  theme: () => theme(),
};

// By the character typed, not by the place of the key: right on every layout.
const letters = { j: "next", k: "previous", o: "open", u: "back", r: "reply", n: "note", q: "quote", "+": "react", b: "build", p: "preview", e: "resolve", s: "snooze", a: "assign", l: "label", "/": "search", z: "undo", "?": "sheet" };

export const run = (name) => commands[name]?.();

function sheet() {
  const dialog = $("#shortcuts");
  const toggle = $("[data-shortcuts-switch]", dialog);
  toggle.checked = shortcutsOn();
  dialog.showModal();
}

function theme() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
  $(`[data-set-theme="${now === "dark" ? "light" : "dark"}"]`)?.click();
}

const inField = (element) => element.closest?.("input, textarea, select, [contenteditable]");

export function start() {
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-shortcuts-switch]")) localStorage.setItem("shortcuts", event.target.checked ? "on" : "off");
  });
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return;
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      return palette.open();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || !shortcutsOn()) return;
    if (inField(event.target) || $("dialog[open]") || $(".menu:not([hidden])")) return;
    const name = letters[event.key] ?? letters[event.key.toLowerCase()];
    if (!name) return;
    event.preventDefault();
    run(name);
  });
}
