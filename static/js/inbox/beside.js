// What an answer has beside its words: the message it quotes, a mail's head; and our reactions.

import * as mail from "./mail_head.js";
import * as quotes from "./quotes.js";
import * as reactions from "./reactions.js";

/** Watch the composer; `onChange()` when the draft has to be saved, `write()` to go on writing. */
export function mount(root, form, { onChange, write }) {
  mail.mount(form, onChange);
  quotes.mount(root, { onChange, write });
  reactions.mount(root);
}

export function unmount() {
  mail.unmount();
  quotes.unmount();
  reactions.unmount();
}

export const check = mail.check;
export const refused = mail.refused;

/** What goes with an entry of the outbox. */
export function take() {
  const [head, quote] = [mail.head(), quotes.taken()];
  return { ...(head && { head }), ...(quote && { quote }) };
}

/** The answer is on its way: the next one quotes nothing. */
export function sent() {
  quotes.clear();
  mail.sent();
}

export function restore({ head, quote }) {
  mail.restore(head);
  if (quote) quotes.put(quote);
}

/** What the server is told. */
export const data = ({ head, quote }) => ({
  ...(head && { head: "on", cc: head.cc, subject: head.subject }),
  ...(quote && { quotes: quote.id }),
});

/** The same for a draft, where there is something to keep. */
export const draft = () => data({ head: mail.chosen(), quote: quotes.taken() });
export const show = (item, { quote }) => quotes.show(item, quote);
