// The open thread: messages merged by id, ticks, earlier ones on scrolling up, read marks.

import { $, $$, announce, closeMenu, fragment, request, t, toast } from "../ui.js";
import * as list from "./list.js";

const PACE = 200;
const READ_PACE = 300;
const NEAR = 80;
const FINAL = new Set(["read", "failed", "expired", "cancelled", "replaced", "unknown"]);

let root = null;
let scroller = null;
let timer = null;
let lastFetch = 0;
let fetching = false;
let again = false;
// The contact's other conversations, whose messages stand in the same thread.
let beside = new Set();
let wanted = { ids: new Set(), uids: new Set() };
let version = 0;
let earlier = null;
let readTimer = null;
let headTimer = null;

export const id = () => Number(root?.dataset.conversation) || null;
const base = () => `/conversations/${id()}`;
const messages = () => $$("#messages > .msg");
const newest = () => Math.max(0, ...messages().map((item) => Number(item.dataset.id) || 0));
const atBottom = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR;

export function mount(element) {
  root = element;
  scroller = $("#thread");
  version = Number(root.dataset.version);
  wanted = { ids: new Set(), uids: new Set() };
  beside = new Set(root.dataset.beside.split(",").filter(Boolean).map(Number));
  root.classList.toggle("only-here", localStorage.getItem("only-here") === "1");
  regroup();
  markUnread();
  toBottom();
  watchEarlier();
  scroller.addEventListener("scroll", scrolled, { passive: true });
  $("#new-below").addEventListener("click", () => { toBottom(true); });
  scroller.addEventListener("click", clicked);
  markRead();
}

export function unmount() {
  root = scroller = null;
  earlier?.disconnect();
  clearTimeout(timer);
  clearTimeout(headTimer);
  timer = headTimer = null;
}

document.addEventListener("visibilitychange", () => { if (root && !document.hidden && atBottom()) markRead(); });
window.addEventListener("focus", () => { if (root && atBottom()) markRead(); });

document.addEventListener("click", (event) => { if (root && event.target.closest("[data-only-here]")) { closeMenu(); toggleOnlyHere(); } });

export function toBottom(smooth = false) {
  if (!scroller) return;
  scroller.scrollTo({ top: scroller.scrollHeight, behavior: smooth && !matchMedia("(prefers-reduced-motion: reduce)").matches ? "smooth" : "auto" });
}

function scrolled() {
  if (!atBottom()) return;
  $("#new-below").hidden = true;
  markRead();
}

// --- What changed ------------------------------------------------------------------------------------

/** An event for this conversation: the first is fetched at once, more at a steady pace. */
export function changed(event) {
  if (event.message) wanted.ids.add(event.message);
  for (const uid of event.messages ?? []) wanted.uids.add(uid);
  const gap = event.version !== undefined && event.version > version + 1;
  if (gap) watchAll();
  if (event.version > version) version = event.version;
  schedule();
  if (gap || event.kind === "conversation.changed" || reopens(event)) refreshHeader();
}

// A message opens a closed conversation, and an answer takes one that nobody has.
function reopens(event) {
  const head = $("#conversation-header .thread-head")?.dataset;
  return event.kind === "message.created" && (head?.status !== "open" || (event.direction === "outbound" && !head.assignee));
}

/** Whether an event is about another conversation of the same person; a new one is taken in. */
export function concerns(event) {
  if (!root) return false;
  if (beside.has(event.conversation)) return true;
  const theirs = event.kind === "message.created" && String(event.contact) === root.dataset.contactId;
  if (theirs) beside.add(event.conversation);
  return theirs;
}

/** Whether two contacts have become one, and this thread shows only a part of what it is now. */
export function merged(event) {
  if (!root || event.kind !== "conversation.changed" || event.contact === undefined) return false;
  const ours = String(event.contact) === root.dataset.contactId;
  return event.conversation === id() ? !ours : ours && !beside.has(event.conversation);
}

/** An event of another conversation of the same person. */
export function changedBeside(event) {
  if (event.message) wanted.ids.add(event.message);
  for (const uid of event.messages ?? []) wanted.uids.add(uid);
  if (event.message || event.messages) schedule();
}

/** Show what is on all channels, or only this conversation; remembered. */
function toggleOnlyHere() {
  const only = root.classList.toggle("only-here");
  localStorage.setItem("only-here", only ? "1" : "");
  regroup();
  toBottom();
}

/** After a gap: everything that may still move. */
export function catchUp() {
  if (!root) return;
  watchAll();
  schedule();
  refreshHeader();
}

/** Look once more at a message: what is shown of it may be older than what is known by now. */
export function watch(uid) {
  if (!root) return;
  wanted.uids.add(uid);
  schedule();
}

function watchAll() {
  for (const item of messages()) {
    if (item.dataset.state && !FINAL.has(item.dataset.state) && item.dataset.id) wanted.uids.add(item.dataset.uid);
  }
}

function schedule() {
  if (fetching) { again = true; return; }
  if (timer) return;
  timer = setTimeout(fetchNew, Math.max(0, lastFetch + PACE - Date.now()));
}

async function fetchNew() {
  timer = null;
  if (!root) return;
  const mine = root;
  fetching = true;
  lastFetch = Date.now();
  const { ids, uids } = wanted;
  wanted = { ids: new Set(), uids: new Set() };
  const query = new URLSearchParams({ after: newest() });
  if (ids.size) query.set("ids", [...ids].slice(-150).join(","));
  if (uids.size) query.set("uids", [...uids].slice(-150).join(","));
  try {
    const response = await request(`${base()}/messages/?${query}`);
    if (response.ok && root === mine) merge(fragment(await response.text()));
  } catch {
    // The connection's own recovery catches up.
  }
  fetching = false;
  if (again) { again = false; schedule(); }
}

/** Put messages where they belong; what is shown already is replaced, never doubled. */
export function merge(content, { own = false } = {}) {
  const parent = $("#messages");
  if (!parent) return;
  const follow = own || atBottom();
  let arrived = null;
  for (const item of $$(".msg", content)) {
    const old = $(`[data-uid="${item.dataset.uid}"]`, parent);
    if (old) {
      keepGrouping(old, item);
      if (old.innerHTML !== item.innerHTML || old.dataset.id !== item.dataset.id) {
        if (item.dataset.state === "failed" && old.dataset.state !== "failed") announce(t("message-failed"));
        old.replaceWith(item);
      }
    } else {
      place(parent, item);
      if (item.classList.contains("msg-in")) arrived ??= item;
    }
  }
  regroup();
  if (arrived) incoming(arrived, follow);
  if (follow) { toBottom(); if (content.childElementCount) markRead(); }
}

function keepGrouping(old, item) {
  if (old.dataset.new) item.dataset.new = old.dataset.new;
  for (const name of ["is-grouped", "is-same-day", "is-new-mark"]) item.classList.toggle(name, old.classList.contains(name));
}

function place(parent, item) {
  const all = $$(".msg", parent);
  let at = all.length;
  while (at > 0 && all[at - 1].dataset.order && all[at - 1].dataset.order > item.dataset.order) at -= 1;
  // Own messages that the server does not have yet stay last.
  while (at > 0 && !all[at - 1].dataset.order) at -= 1;
  parent.insertBefore(item, all[at] ?? null);
}

function incoming(item, follow) {
  announce(t("new-message", { name: root.dataset.contact }));
  if (follow && !document.hidden) return;
  if (!$("#messages .is-new-mark")) markNew(item);
  if (!follow) $("#new-below").hidden = false;
}

function markNew(item) {
  item.dataset.new = t("new-marker");
  item.classList.add("is-new-mark");
}

// Where reading stopped last time; nothing to mark when all or none has been read.
function markUnread() {
  const read = Number(root.dataset.readAt);
  const first = read && messages().find((item) => item.classList.contains("msg-in") && !item.classList.contains("is-elsewhere") && Number(item.dataset.at) > read);
  if (first && first !== messages()[0]) markNew(first);
}

/** Day separators and groups follow from the neighbours, wherever a message was put in. */
export function regroup() {
  let previous = null;
  const hidden = root?.classList.contains("only-here");
  for (const item of messages()) {
    if (hidden && item.classList.contains("is-elsewhere")) continue;
    const day = Boolean(previous) && (!item.dataset.day || previous.dataset.day === item.dataset.day);
    if (!item.dataset.day && previous) item.dataset.day = previous.dataset.day ?? "";
    item.classList.toggle("is-same-day", day);
    const near = Number(item.dataset.at) - Number(previous?.dataset.at) < 300;
    item.classList.toggle("is-grouped", day && near && Boolean(item.dataset.group)
      && !item.classList.contains("msg-activity") && previous.dataset.group === item.dataset.group);
    previous = item;
  }
}

// --- Earlier messages -----------------------------------------------------------------------------------

function watchEarlier() {
  earlier?.disconnect();
  const marker = $("#thread-earlier");
  if (!marker || marker.hidden) return;
  earlier = new IntersectionObserver(async ([entry]) => {
    if (!entry.isIntersecting) return;
    earlier.disconnect();
    const mine = root;
    const first = messages().find((item) => item.dataset.id);
    const response = await request(`${base()}/messages/?before=${first.dataset.id}`).catch(() => null);
    if (root !== mine) return;
    if (!response?.ok) return setTimeout(() => root === mine && watchEarlier(), 2000);
    const content = fragment(await response.text());
    marker.hidden = !$("[data-earlier]", content);
    const height = scroller.scrollHeight;
    const top = scroller.scrollTop;
    for (const item of $$(".msg", content)) {
      if (!$(`#messages [data-uid="${item.dataset.uid}"]`)) first.before(item);
    }
    regroup();
    scroller.scrollTop = top + scroller.scrollHeight - height;
    watchEarlier();
  }, { root: scroller, rootMargin: "400px" });
  earlier.observe(marker);
}

// --- Read, retry, header -----------------------------------------------------------------------------------

function markRead() {
  if (readTimer || document.hidden || !document.hasFocus()) return;
  const conversation = id();
  readTimer = setTimeout(async () => {
    readTimer = null;
    const shown = list.query();
    const response = await request(`/conversations/${conversation}/read/?${shown}`, { method: "POST" }).catch(() => null);
    if (response?.ok && list.query() === shown) list.apply(await response.text(), [conversation]);
    else list.changed(conversation);
  }, READ_PACE);
}

/** Whether a customer's new message will be read as it arrives: its row then comes with the mark. */
export const reads = (event) => event.kind === "message.created" && event.conversation === id()
  && !document.hidden && document.hasFocus() && atBottom();

async function clicked(event) {
  const button = event.target.closest("[data-retry]");
  if (!button) return;
  button.disabled = true;
  const item = button.closest(".msg");
  const where = `/conversations/${item.dataset.conversation}`;
  const response = await request(`${where}/messages/${button.dataset.retry}/${button.dataset.way ?? "retry"}/`, { method: "POST" }).catch(() => null);
  if (response?.ok) return item.classList.contains("is-elsewhere") ? watch(item.dataset.uid) : merge(fragment(await response.text()));
  button.disabled = false;
  const text = response?.status === 422 ? Object.values((await response.json()).errors).flat().join(" ") : t("request-failed");
  toast(text, { danger: true });
}

/** Replace the header; not while a menu in it is open. */
export function refreshHeader() {
  if (headTimer) return;
  headTimer = setTimeout(async () => {
    headTimer = null;
    if (!root) return;
    if ($("#conversation-header .menu:not([hidden])")) return refreshHeader();
    const mine = root;
    const response = await request(`${base()}/header/?${list.query()}`).catch(() => null);
    if (!response?.ok || root !== mine) return;
    const html = await response.text();
    if ($("#conversation-header .menu:not([hidden])")) return refreshHeader();
    showHeader(html);
  }, 250);
}

export function showHeader(html) {
  const place = $("#conversation-header");
  const viewers = $("#viewers");
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.testid : null;
  place.innerHTML = html;
  if (viewers) $("#viewers").replaceWith(viewers);
  if (focused) $(`[data-testid="${focused}"]`, place)?.focus();
  document.dispatchEvent(new CustomEvent("inbox:header"));
}
