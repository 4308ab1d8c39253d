// Assign, status, snooze, labels, priority, team: post, show the new header, offer the way back.

import { $, $$, closeMenu, openMenu, request, t, toast } from "../ui.js";
import * as list from "./list.js";
import { openId } from "./router.js";
import * as thread from "./thread.js";

const head = () => $("#conversation-header .thread-head");
const said = { resolved: "resolved", open: "reopened", pending: "pended", snoozed: "snoozed" };

async function post(id, action, data) {
  const response = await request(`/conversations/${id}/${action}/?${list.query()}`, { method: "POST", data }).catch(() => null);
  if (response?.ok) {
    if (id === thread.id()) thread.showHeader(await response.text());
    list.changed(id);
    return true;
  }
  const text = response?.status === 422 ? Object.values((await response.json()).errors).flat().join(" ") : t("request-failed");
  toast(text, { danger: true });
  return false;
}

export async function setStatus(status, until = "") {
  const id = openId();
  if (!id || !head()) return;
  const before = head().dataset.status;
  closeMenu();
  if (!await post(id, "status", { status, until })) return;
  if (status === before && status !== "snoozed") return;
  const back = before === "snoozed" ? "open" : before;
  toast(t(said[status]), { action: { label: t("undo"), run: () => post(id, "status", { status: back }) } });
}

export function toggleResolved() {
  if (!head()) return;
  setStatus(["open", "pending"].includes(head().dataset.status) ? "resolved" : "open");
}

export async function assign(member) {
  const id = openId();
  if (!id || !head()) return;
  const before = head().dataset.assignee;
  closeMenu();
  if (String(member) === before || !await post(id, "assign", { member })) return;
  toast(t(member ? "assigned" : "unassigned"), { action: { label: t("undo"), run: () => post(id, "assign", { member: before }) } });
}

/** Open one of the header's menus: assign, labels, snooze, more. */
export function menu(name) {
  const button = $(`[data-menu="${name}-menu"]`);
  if (button) openMenu(button);
}

export function start() {
  document.addEventListener("menu:open", load);
  document.addEventListener("inbox:close-menu", () => closeMenu());
  document.addEventListener("click", (event) => {
    const item = event.target.closest("[data-assign], [data-set-status], [data-snooze], [data-set-priority], [data-set-team]");
    if (!item) return;
    const { assign: member, setStatus: status, snooze, setPriority, setTeam } = item.dataset;
    if (member !== undefined) assign(member);
    if (status) setStatus(status);
    if (snooze) setStatus("snoozed", snooze);
    if (setPriority) { closeMenu(); post(openId(), "priority", { priority: setPriority }); }
    if (setTeam !== undefined) { closeMenu(); post(openId(), "team", { team: setTeam }); }
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-snooze-form]");
    if (form) { event.preventDefault(); setStatus("snoozed", form.until.value); }
    if (event.target.closest("[data-labels-form]")) event.preventDefault();
  });
  document.addEventListener("change", saveLabels);
  document.addEventListener("input", filter);
  document.addEventListener("keydown", takeIt);
}

async function load(event) {
  const url = event.target.dataset.menuUrl;
  if (!url) return;
  const { menu: element } = event.detail;
  if (!element.childElementCount) element.innerHTML = '<div class="menu-loading"><span class="skeleton"></span><span class="skeleton"></span></div>';
  const response = await request(url).catch(() => null);
  if (!response?.ok) { closeMenu({ refocus: true }); return toast(t("request-failed"), { danger: true }); }
  element.innerHTML = await response.text();
  if (element.hidden) return;
  ($("[data-autofocus]", element) ?? $('[role^="menuitem"]', element))?.focus();
}

let labelTimer = null;

function saveLabels(event) {
  const form = event.target.closest("[data-labels-form]");
  if (!form) return;
  const id = openId();
  const labels = $$("input[name=labels]:checked", form).map((box) => box.value);
  clearTimeout(labelTimer);
  labelTimer = setTimeout(async () => {
    const response = await request(`/conversations/${id}/labels/?${list.query()}`, { method: "POST", data: { labels } }).catch(() => null);
    if (!response?.ok) return toast(t("request-failed"), { danger: true });
    list.changed(id);
    thread.refreshHeader();
  }, 250);
}

function filter(event) {
  if (!event.target.matches("[data-menu-filter]")) return;
  const words = event.target.value.trim().toLocaleLowerCase();
  for (const item of $$("[data-filter]", event.target.closest(".menu"))) item.hidden = !item.dataset.filter.includes(words);
}

// m in the assign menu: take it oneself, like the key says.
function takeIt(event) {
  if (event.key !== "m" || event.target.value || event.ctrlKey || event.metaKey || event.altKey) return;
  const item = $("#assign-menu:not([hidden]) [data-testid=assign-me]");
  if (item) { event.preventDefault(); item.click(); }
}
