// Every page: menus, dialogs, toasts, times, the connection, own status.

import { $, $$, closeMenu, request, start, t, toast } from "./ui.js";
import { start as startRealtime } from "./realtime.js";

start();
if (document.body.dataset.member) startRealtime();

// Own status without leaving the page.
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-presence-form]");
  if (!form) return;
  event.preventDefault();
  const presence = event.submitter?.value ?? "";
  closeMenu({ refocus: true });
  const response = await request(form.action, { method: "POST", data: { presence } }).catch(() => null);
  if (!response?.ok) return toast(t("request-failed"), { danger: true });
  const { status } = await response.json();
  for (const button of $$("[name=presence]", form)) {
    button.setAttribute("aria-checked", String(button.value === presence));
  }
  showStatus(status);
});

function showStatus(status) {
  const dot = $("[data-presence-dot]");
  if (dot && status) dot.className = `dot dot-${status}`;
}

document.addEventListener("realtime", ({ detail }) => {
  if (detail.kind === "agent.changed" && String(detail.member) === document.body.dataset.member) {
    showStatus(detail.status);
  }
});
