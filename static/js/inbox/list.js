// The conversation list: pages, live rows, counts, the cursor of j and k.

import { $, $$, fragment, freshen, request } from "../ui.js";
import { inbox, openId, links, go } from "./router.js";

const PACE = 300;
const MOST = 150;
const SKELETON_AFTER = 150;

let loading = null;
let more = null;
let waiting = new Set();
let timer = null;
let lastFlush = 0;
let cursor = null;
const scrolls = new Map();

const pane = () => $("#list-pane");
const scroller = () => $("#list-scroll");
export const query = () => scroller()?.dataset.query ?? "";
const tab = () => scroller()?.dataset.tab ?? "mine";

export function start() {
  prepare();
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-list-search]");
    if (!form) return;
    event.preventDefault();
    go(searchUrl(form));
  });
  let typing = null;
  document.addEventListener("input", (event) => {
    const form = event.target.closest("[data-list-search]");
    if (!form) return;
    clearTimeout(typing);
    typing = setTimeout(() => load(new URL(searchUrl(form), location.href), { keepSearch: true }), 250);
  });
  document.addEventListener("click", (event) => {
    const density = event.target.closest("[data-density]");
    if (!density) return;
    localStorage.setItem("density", compact() ? "" : "compact");
    showDensity();
  });
}

// What rows show that is never stored is put on them anew.
const tellOfRows = () => document.dispatchEvent(new CustomEvent("inbox:rows"));

function searchUrl(form) {
  const values = new URLSearchParams(new FormData(form));
  if (!values.get("q").trim()) values.delete("q");
  const text = values.toString();
  return form.getAttribute("action") + (text ? `?${text}` : "");
}

const compact = () => localStorage.getItem("density") === "compact";

function showDensity() {
  pane().classList.toggle("is-compact", compact());
  $("[data-density]")?.setAttribute("aria-pressed", String(compact()));
}

/** After the pane was filled: what watches its contents. */
function prepare() {
  showDensity();
  watchMore();
  markOpen(openId());
  tellOfRows();
  updateTitle();
  const element = scroller();
  element.addEventListener("scroll", () => scrolls.set(query(), element.scrollTop), { passive: true });
}

/** Fetch another list into the pane; the same one only when forced. */
export async function load(url, { force = false, keepSearch = false } = {}) {
  const wanted = new URLSearchParams(url.search);
  const path = /^\/inbox\/(\w+)\/$/.exec(url.pathname)?.[1];
  const conversation = url.pathname.startsWith("/conversations/");
  wanted.set("tab", path ?? (conversation ? tab() : "mine"));
  if (!force && !keepSearch && same(wanted, new URLSearchParams(query()))) return restore();
  loading?.abort();
  const controller = new AbortController();
  loading = controller;
  const skeleton = setTimeout(() => {
    scroller().setAttribute("aria-busy", "true");
    if (!keepSearch) $("#rows").replaceChildren($("#list-skeleton").content.cloneNode(true));
  }, SKELETON_AFTER);
  const name = wanted.get("tab");
  wanted.delete("tab");
  try {
    const response = await request(`/inbox/${name}/?${wanted}`, { signal: controller.signal });
    if (!response.ok) throw new Error(String(response.status));
    const html = await response.text();
    if (controller.signal.aborted) return;
    clearTimeout(skeleton);
    show(html, keepSearch);
  } catch (error) {
    clearTimeout(skeleton);
    if (error.name !== "AbortError") scroller().replaceChildren($("#list-error").content.cloneNode(true));
  }
}

function show(html, keepSearch) {
  if (!keepSearch) {
    pane().innerHTML = html;
  } else {
    const fresh = fragment(html);
    scroller().replaceWith(fresh.querySelector("#list-scroll"));
    $(".list-tabs").replaceWith(fresh.querySelector(".list-tabs"));
    const url = `/inbox/${tab()}/?${withoutTab()}`;
    if (!openId()) history.replaceState({ inbox: true }, "", url.replace(/\?$/, ""));
  }
  prepare();
  restore();
}

function withoutTab() {
  const values = new URLSearchParams(query());
  values.delete("tab");
  return values.toString();
}

const same = (a, b) => { a.sort(); b.sort(); a.delete("after"); return a.toString() === b.toString(); };

function restore() {
  const at = scrolls.get(query());
  if (at !== undefined) scroller().scrollTop = at;
}

// --- Further pages ---------------------------------------------------------------------------------

function watchMore() {
  more?.disconnect();
  const end = $("#rows .rows-more");
  if (!end) return;
  more = new IntersectionObserver(async ([entry]) => {
    if (!entry.isIntersecting) return;
    more.disconnect();
    const values = new URLSearchParams(withoutTab());
    values.set("after", end.dataset.after);
    const response = await request(`/inbox/${tab()}/?${values}`).catch(() => null);
    if (!response?.ok || !end.isConnected) return setTimeout(watchMore, 2000);
    const next = fragment(await response.text());
    for (const row of $$(".conv", next)) {
      if ($(`#rows [data-id="${row.dataset.id}"]`)) row.remove();
    }
    end.replaceWith(next);
    markOpen(openId());
    tellOfRows();
    watchMore();
  }, { root: scroller(), rootMargin: "600px" });
  more.observe(end);
}

// --- Live rows: the first change at once, then at a steady pace however many there are -----------------

/** A conversation changed somewhere; its row and the counts follow. */
export function changed(id) {
  waiting.add(id);
  if (timer) return;
  const wait = Math.max(0, lastFlush + PACE - Date.now());
  timer = setTimeout(flush, wait);
}

async function flush() {
  const ids = [...waiting].slice(0, MOST);
  for (const id of ids) waiting.delete(id);
  lastFlush = Date.now();
  await refresh(ids).catch(() => {});
  timer = null;
  if (waiting.size) changed(waiting.values().next().value);
}

/** Everything that is shown, once more: after a gap in the connection. */
export async function catchUp() {
  const ids = $$("#rows .conv").slice(0, MOST).map((row) => Number(row.dataset.id));
  const first = request(`/inbox/${tab()}/?${withoutTab()}`).catch(() => null);
  const before = query();
  await refresh(ids).catch(() => {});
  const response = await first;
  if (!response?.ok || query() !== before) return;
  merge($$(".conv", fragment(await response.text())));
}

export async function refresh(ids) {
  const shown = query();
  const response = await request(`/inbox/rows/?${shown}&ids=${ids.join(",")}`);
  if (!response.ok || query() !== shown) return;
  await apply(await response.text(), ids);
}

/** Show rows and counts as the server answered them for these ids. */
export async function apply(html, ids) {
  const fresh = fragment(html);
  const rows = $$(".conv", fresh);
  const kept = new Set(rows.map((row) => row.dataset.id));
  for (const id of ids) {
    if (!kept.has(String(id))) $(`#rows [data-id="${id}"]`)?.remove();
  }
  await merge(rows);
  showCounts($("[data-counts]", fresh).dataset);
}

// Rows never move under a finger or a pressed button: the click would be lost.
let pressed = false;
document.addEventListener("pointerdown", (event) => { pressed = Boolean(event.target.closest?.("#rows")); });
for (const name of ["pointerup", "pointercancel"]) {
  document.addEventListener(name, () => setTimeout(() => { pressed = false; }));
}

async function merge(rows) {
  const shown = query();
  while (pressed) await new Promise((done) => { setTimeout(done, 50); });
  const parent = $("#rows");
  if (!parent || query() !== shown) return;
  const focused = document.activeElement?.closest?.("#rows .conv")?.dataset.id;
  for (const row of rows) {
    const old = $(`[data-id="${row.dataset.id}"]`, parent);
    if (old && Number(old.dataset.version) > Number(row.dataset.version)) continue;
    if (old && old.dataset.order === row.dataset.order) {
      if (old.outerHTML !== row.outerHTML) old.replaceWith(row);
      continue;
    }
    old?.remove();
    place(parent, row, !old);
  }
  markOpen(openId());
  tellOfRows();
  freshen(parent);
  if (focused && !document.activeElement?.closest?.("#rows")) {
    $(`[data-id="${focused}"] .conv-link`, parent)?.focus({ preventScroll: true });
  }
}

function place(parent, row, fresh) {
  const at = $$(".conv", parent).find((other) => other.dataset.order < row.dataset.order);
  const end = $(".rows-more", parent);
  if (!at && end) return; // belongs to a page that is not loaded yet
  const element = scroller();
  const top = element.scrollTop;
  const height = parent.scrollHeight;
  parent.insertBefore(row, at ?? null);
  if (fresh) row.classList.add("is-new");
  // No jump for a reader who has scrolled down.
  if (top > 40) element.scrollTop = top + parent.scrollHeight - height;
}

function showCounts(counts) {
  for (const badge of $$("[data-count]")) {
    const count = Number(counts[badge.dataset.count]);
    badge.textContent = count > 999 ? "999+" : count || "";
  }
  scroller().dataset.unread = counts.unread;
  updateTitle();
}

export function updateTitle() {
  const unread = Number(scroller()?.dataset.unread) || 0;
  const name = $("#conversation-pane .conversation")?.dataset.contact;
  document.title = `${unread ? `(${unread}) ` : ""}${name ? `${name} · ` : ""}${inbox().dataset.title} · Omnichannel`;
  for (const badge of $$("[data-unread-count]")) badge.textContent = unread > 99 ? "99+" : unread || "";
}

export function markOpen(id) {
  for (const link of links()) {
    const open = Number(link.closest(".conv").dataset.id) === id;
    if (open) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  if (id) cursor = id;
}

// --- The cursor ------------------------------------------------------------------------------------------

/** Move by one row; returns the link it stands on now. */
export function move(step) {
  const all = links();
  if (!all.length) return null;
  const focused = document.activeElement?.closest?.(".conv")?.dataset.id;
  const at = all.findIndex((link) => link.closest(".conv").dataset.id === String(focused ?? cursor));
  const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step))];
  cursor = Number(next.closest(".conv").dataset.id);
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  return next;
}

/** The link the cursor stands on. */
export function current() {
  return links().find((link) => Number(link.closest(".conv").dataset.id) === cursor) ?? null;
}
