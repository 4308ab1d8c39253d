// The builder's objects and lists on the page.

import { $, $$ } from "../ui.js";

/** What belongs to an object itself, and not to one within it. */
export const own = (node, selector) => $$(selector, node).filter((one) => one.parentElement.closest("[data-node]") === node);

/** The objects of a list. */
export const items = (list) => [...$(":scope > [data-items]", list).children];
