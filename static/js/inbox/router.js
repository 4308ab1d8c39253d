// One URL per list and conversation; panes are swapped without reloading the page.

import { $, $$, request } from "../ui.js";
import * as list from "./list.js";

const SKELETON_AFTER = 150;

let hooks = { mount() {}, unmount() {} };
let loading = null;

export const inbox = () => $("#inbox");
export const openId = () => Number(inbox()?.dataset.open) || null;

const conversationOf = (url) => Number(/^\/conversations\/(\d+)\/$/.exec(url.pathname)?.[1]) || null;

export function start(given) {
  hooks = given;
  history.replaceState({ inbox: true }, "");
  window.addEventListener("popstate", () => go(location.href, { push: false }));
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target.closest("[data-conversation-link], [data-list-link], [data-back]");
    if (!link) {
      if (event.target.closest("[data-reload]")) go(location.href, { push: false, force: true });
      return;
    }
    event.preventDefault();
    link.closest("dialog")?.close();
    go(link.href);
  });
}

/** Show what a URL says. Lists and conversations load side by side; only what differs is fetched. */
export function go(href, { push = true, force = false } = {}) {
  const url = new URL(href, location.href);
  const id = conversationOf(url);
  if (push && url.href !== location.href) history.pushState({ inbox: true }, "", url);
  if (id) {
    if (id !== openId() || force) open(id, url);
    if (force) list.load(url, { force });
    return;
  }
  if (openId()) close();
  list.load(url, { force });
}

/** Show the nothing-open pane (on a phone: the list again, where it was). */
function close() {
  loading?.abort();
  hooks.unmount();
  inbox().dataset.open = "";
  $("#conversation-pane").replaceChildren($("#nothing-open").content.cloneNode(true));
  list.markOpen(null);
}

async function open(id, url) {
  loading?.abort();
  const controller = new AbortController();
  loading = controller;
  hooks.unmount();
  inbox().dataset.open = String(id);
  list.markOpen(id);
  const pane = $("#conversation-pane");
  const skeleton = setTimeout(() => pane.replaceChildren($("#conversation-skeleton").content.cloneNode(true)), SKELETON_AFTER);
  try {
    const response = await request(withList(url), { signal: controller.signal });
    if (response.redirected && !response.url.includes("/conversations/")) return location.assign(response.url);
    if (!response.ok) throw new Error(String(response.status));
    const html = await response.text();
    if (controller.signal.aborted) return;
    clearTimeout(skeleton);
    pane.innerHTML = html;
    hooks.mount();
    list.updateTitle();
  } catch (error) {
    clearTimeout(skeleton);
    if (error.name === "AbortError") return;
    if (error.message === "404" || error.message === "403") return location.assign(url);
    pane.replaceChildren($("#list-error").content.cloneNode(true));
  }
}

// A link from outside the list (the panel, the palette) keeps the list that is shown.
function withList(url) {
  if (!url.search && list.query()) url.search = list.query();
  return url;
}

/** The links of the list, in order. */
export const links = () => $$("#rows .conv-link");
