// Campaign pages: variables into the text, live numbers.

import { offered } from "./lookalikes.js";
import { $, $$ } from "./ui.js";

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  const field = $("#campaign-text");
  if (!button || !field) return;
  const gap = field.selectionStart && !/\s$/.test(field.value.slice(0, field.selectionStart)) ? " " : "";
  field.setRangeText(gap + button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

// Look-alikes in place of what makes every SMS hold less.
document.addEventListener("click", (event) => {
  const field = $("#campaign-text");
  if (!event.target.closest("[data-swap]") || !field) return;
  const found = offered(field.value.trim());
  if (!found) return;
  field.value = found.text;
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

// Leaving a step by the steps above saves what was typed.
document.addEventListener("click", (event) => {
  const link = event.target.closest(".steps a[data-go]");
  const form = $(".editor-main form");
  if (!link || !form?.hasAttribute("data-dirty")) return;
  event.preventDefault();
  const go = document.createElement("input");
  go.type = "hidden";
  go.name = "go";
  go.value = link.dataset.go;
  form.append(go);
  form.requestSubmit();
});
document.addEventListener("input", (event) => {
  event.target.closest(".editor-main form")?.setAttribute("data-dirty", "");
});

// A page asks again when something changed.
function refresh(id) {
  const result = $("#result");
  if (result && (id === null || result.dataset.campaign === String(id))) {
    htmx.trigger(result, "campaign:changed");
  }
  const list = $("[data-live-campaigns]");
  if (list) htmx.trigger(list, "campaigns:changed");
}

document.addEventListener("realtime", ({ detail }) => {
  if (detail.kind === "campaign.changed") refresh(detail.campaign);
});
document.addEventListener("realtime:open", ({ detail }) => { if (detail.again) refresh(null); });

for (const form of $$("form[data-busy]")) {
  form.addEventListener("submit", (event) => event.submitter?.setAttribute("aria-busy", "true"));
}
addEventListener("pageshow", () => {
  for (const button of $$("[aria-busy]")) button.removeAttribute("aria-busy");
});
