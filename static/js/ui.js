// What every page can use: words, toasts, requests, menus, dialogs, fresh times.

const words = new Map();

/** A text of the page by key; {name} parts are filled in. JavaScript has no words of its own. */
export function t(key, values = {}) {
  if (!words.has(key)) {
    const element = document.querySelector(`[data-text="${CSS.escape(key)}"]`);
    words.set(key, element ? element.textContent.trim() : key);
  }
  return words.get(key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/** Say something politely to screen readers. */
export function announce(text) {
  const live = $("#live");
  if (!live) return;
  live.textContent = "";
  setTimeout(() => { live.textContent = text; }, 50);
}

let lastAction = null;

/** Show a toast. `action` is {label, run}; it stays longer, and z runs the newest one. */
export function toast(text, { danger = false, action = null, seconds = null } = {}) {
  const element = $("#toast-template").content.firstElementChild.cloneNode(true);
  element.classList.toggle("toast-danger", danger);
  element.querySelector("span").textContent = text;
  if (action) {
    const button = element.querySelector("[data-action]");
    button.hidden = false;
    button.textContent = action.label;
    const run = () => { element.remove(); if (lastAction === run) lastAction = null; action.run(); };
    button.addEventListener("click", run);
    lastAction = run;
  }
  $("#toasts").append(element);
  expire(element, seconds ?? (action ? 8 : danger ? 8 : 4));
  return element;
}

/** Run the action of the newest toast that has one (undo). */
export function runLastAction() {
  if (!lastAction) return false;
  lastAction();
  return true;
}

function expire(element, seconds) {
  let timer = null;
  const start = () => { timer = setTimeout(() => element.remove(), seconds * 1000); };
  element.addEventListener("mouseenter", () => clearTimeout(timer));
  element.addEventListener("mouseleave", start);
  element.addEventListener("focusin", () => clearTimeout(timer));
  start();
}

/** fetch() with the CSRF token; throws on network errors, returns the Response otherwise. */
export function request(url, { method = "GET", data = null, headers = {}, signal, keepalive } = {}) {
  const options = { method, signal, keepalive, headers: { "HX-Request": "true", ...headers } };
  if (method !== "GET") options.headers["X-CSRFToken"] = document.body.dataset.csrf;
  if (data) {
    const body = new URLSearchParams();
    for (const [key, value] of Object.entries(data)) {
      for (const item of Array.isArray(value) ? value : [value]) body.append(key, item ?? "");
    }
    options.body = body;
  }
  return fetch(url, options);
}

/** HTML text to a fragment. */
export function fragment(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

// --- Menus: a button with data-menu="id", items in it with the roles of menus ------------------

let openButton = null;

export function openMenu(button, { focus = true } = {}) {
  closeMenu();
  const menu = document.getElementById(button.dataset.menu);
  if (!menu) return null;
  menu.hidden = false;
  button.setAttribute("aria-expanded", "true");
  openButton = button;
  place(menu);
  button.dispatchEvent(new CustomEvent("menu:open", { bubbles: true, detail: { menu } }));
  if (focus) (menu.querySelector("[data-autofocus]") ?? items(menu)[0])?.focus();
  return menu;
}

export function closeMenu({ refocus = false } = {}) {
  if (!openButton) return;
  const menu = document.getElementById(openButton.dataset.menu);
  if (menu) menu.hidden = true;
  openButton.setAttribute("aria-expanded", "false");
  if (refocus) openButton.focus();
  openButton = null;
}

// Keeps a menu inside the window whatever its anchor.
function place(menu) {
  menu.style.translate = "";
  const box = menu.getBoundingClientRect();
  const over = box.right - (window.innerWidth - 8);
  const under = 8 - box.left;
  const low = box.bottom - (window.innerHeight - 8);
  const x = over > 0 ? -over : under > 0 ? under : 0;
  if (x || low > 0) menu.style.translate = `${x}px ${low > 0 ? -low : 0}px`;
}

const items = (menu) => $$('[role^="menuitem"], .menu-item, input', menu).filter((item) => item.offsetParent);

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-menu]");
  if (button) {
    event.preventDefault();
    if (button === openButton) closeMenu();
    else openMenu(button, { focus: event.detail === 0 });
    return;
  }
  if (openButton && !event.target.closest(".menu")) closeMenu();
  const dismiss = event.target.closest("[data-dismiss]");
  if (dismiss) dismiss.closest("[data-toast]")?.remove();
  const opener = event.target.closest("[data-dialog]");
  if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
  const closer = event.target.closest("[data-close]");
  if (closer) closer.closest("dialog")?.close();
  if (event.target.matches("dialog")) closeFromOutside(event);
  const copier = event.target.closest("[data-copy]");
  if (copier) copy(copier);
});

function closeFromOutside(event) {
  const box = event.target.getBoundingClientRect();
  const inside = event.clientX >= box.left && event.clientX <= box.right
    && event.clientY >= box.top && event.clientY <= box.bottom;
  if (!inside) event.target.close();
}

async function copy(button) {
  const source = button.dataset.copy || button.closest(".code")?.querySelector("code")?.textContent;
  await navigator.clipboard.writeText(source.trim());
  toast(t("copied"));
}

document.addEventListener("keydown", (event) => {
  if (!openButton || event.isComposing) return;
  const menu = document.getElementById(openButton.dataset.menu);
  if (!menu) return;
  const list = items(menu);
  const at = list.indexOf(document.activeElement);
  const typing = document.activeElement.matches?.("input:not([type=checkbox], [type=radio])");
  if (event.key === "Escape") closeMenu({ refocus: true });
  else if (event.key === "Tab" && !typing) { closeMenu(); return; }
  else if (event.key === "ArrowDown") list[(at + 1) % list.length]?.focus();
  else if (event.key === "ArrowUp") list[(at - 1 + list.length) % list.length]?.focus();
  else if (event.key === "Home" && !typing) list[0]?.focus();
  else if (event.key === "End" && !typing) list.at(-1)?.focus();
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);

// --- Theme and shortcuts switch ------------------------------------------------------------------

function showTheme() {
  const theme = localStorage.getItem("theme") ?? "";
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  for (const item of $$("[data-set-theme]")) {
    item.setAttribute("aria-checked", String(item.dataset.setTheme === theme));
  }
}

export const shortcutsOn = () => localStorage.getItem("shortcuts") !== "off";

document.addEventListener("click", (event) => {
  const theme = event.target.closest("[data-set-theme]");
  if (theme) {
    localStorage.setItem("theme", theme.dataset.setTheme);
    showTheme();
  }
  const toggle = event.target.closest("[data-toggle-shortcuts]");
  if (toggle) {
    localStorage.setItem("shortcuts", shortcutsOn() ? "off" : "on");
    toggle.setAttribute("aria-checked", String(shortcutsOn()));
  }
});

// --- Times -----------------------------------------------------------------------------------------

const language = document.documentElement.lang || "en";
const unit = (name) => new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: "narrow" });
const units = { minute: unit("minute"), hour: unit("hour"), day: unit("day") };

export function shortDuration(milliseconds) {
  const minutes = Math.max(0, Math.floor(milliseconds / 60000));
  if (minutes >= 1440) return units.day.format(Math.floor(minutes / 1440));
  if (minutes >= 60) return units.hour.format(Math.floor(minutes / 60));
  if (minutes < 1) return t("now");
  return units.minute.format(minutes);
}

export function freshen(root = document) {
  const now = Date.now();
  for (const time of $$("time[data-elapsed], time[data-moment]", root)) {
    const age = now - Date.parse(time.dateTime);
    if (time.hasAttribute("data-moment") && age >= 86400000) continue;
    const words = shortDuration(age);
    if (time.textContent !== words) time.textContent = words;
  }
}

/** Set up what is on the page already; app.js calls it once. */
export function start() {
  showTheme();
  for (const toggle of $$("[data-toggle-shortcuts]")) toggle.setAttribute("aria-checked", String(shortcutsOn()));
  for (const element of $$("#toasts [data-toast]")) expire(element, 6);
  setInterval(freshen, 15000);
  document.addEventListener("htmx:afterSettle", (event) => freshen(event.target));
  document.addEventListener("htmx:responseError", (event) => {
    toast(t(event.detail.xhr.status === 403 ? "not-allowed" : "request-failed"), { danger: true });
  });
  document.addEventListener("htmx:sendError", () => toast(t("request-failed"), { danger: true }));
}
