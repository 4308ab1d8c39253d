// Errors by path, at the fields of the builder that they are about.

import { $, $$ } from "../ui.js";
import { own } from "./tree.js";

/** `places` are the elements by path; without `all` errors are shown only where somebody has been. */
export function showErrors(root, places, errors, all) {
  for (const place of $$("[data-error], [data-node-error]:not([data-kept])", root)) { place.hidden = true; place.textContent = ""; }
  for (const field of $$("[aria-invalid]", root)) field.removeAttribute("aria-invalid");
  let first = null;
  for (const [path, words] of Object.entries(errors)) {
    const element = placeOf(root, places, path.replace(/^content\.?/, ""));
    const field = element.matches("[data-field]") && element.type !== "hidden";
    if (field && !all && !("touched" in element.dataset)) continue;
    // An empty card is a beginning, not a mistake.
    if (!field && !all && element.matches("[data-node]")) continue;
    const place = errorPlace(element) ?? $("[data-node-error]", root);
    place.textContent = [words].flat().join(" ");
    element.closest("details")?.setAttribute("open", "");
    place.hidden = false;
    if (field) element.setAttribute("aria-invalid", "true");
    first ??= field ? element : place;
  }
  if (all && first) { first.scrollIntoView({ block: "nearest" }); first.focus?.(); }
}

/** What was wrong with a field may be right by now. */
export function clearError(field) {
  field.removeAttribute("aria-invalid");
  const place = errorPlace(field);
  if (place) place.hidden = true;
}

// The element of a path, or of the nearest one above it that is on the page.
function placeOf(root, places, path) {
  for (let at = path; at; at = at.replace(/\.?[^.]*$/, "")) if (places.has(at)) return places.get(at);
  return root;
}

function errorPlace(element) {
  if (element.matches("[data-node]")) return own(element, "[data-node-error]")[0];
  if (element.matches("[data-many]")) return $$("[data-error]", element).find((one) => one.parentElement === element);
  if (element.type === "hidden") return own(element.closest("[data-node]"), "[data-node-error]")[0];
  return $("[data-error]", element.closest(".rich-field"));
}
