// Contact pages: filters that apply at once, address rows, busy buttons.

for (const form of document.querySelectorAll("form[data-autosubmit]")) {
  form.classList.add("is-live");
  form.addEventListener("change", (event) => {
    if (event.target.matches("select")) form.requestSubmit();
  });
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
  });
}

document.addEventListener("click", (event) => {
  const remover = event.target.closest("[data-remove-row]");
  if (!remover) return;
  const row = remover.closest("[data-row]");
  const next = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  next?.querySelector("input")?.focus();
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "address-rows") event.target.lastElementChild?.querySelector("input")?.focus();
});

for (const form of document.querySelectorAll("form[data-busy]")) {
  form.addEventListener("submit", (event) => event.submitter?.setAttribute("aria-busy", "true"));
}
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
});
