// Settings pages: filters apply at once, a form that is on its way says so.

for (const form of document.querySelectorAll("form[data-autosubmit]")) {
  form.classList.add("is-live");
  form.addEventListener("change", () => form.requestSubmit());
  // Filters that are not set stay out of the address.
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
  });
}

for (const form of document.querySelectorAll("form[data-busy]")) {
  form.addEventListener("submit", (event) => event.submitter?.setAttribute("aria-busy", "true"));
}

// Coming back with the browser's back button shows the page as it was left.
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
});
