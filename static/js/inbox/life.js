// What happened to a message, in a dialog: for admins.

import { $, request, t, toast } from "../ui.js";

export function start() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-life]");
    if (!button) return;
    const response = await request(button.dataset.life).catch(() => null);
    if (!response?.ok || response.redirected) return toast(t("request-failed"), { danger: true });
    $("#life-body").innerHTML = await response.text();
    $("#life").showModal();
  });
}
