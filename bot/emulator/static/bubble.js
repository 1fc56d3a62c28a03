// One message as a bubble. What is inside it is in parts.js.

import { h, icon } from "./dom.js";
import { unmarked } from "./format.js";
import { content, summary } from "./parts.js";
import { hour } from "./words.js";

/** The element for a message, or null when a phone shows none (reactions sit on other bubbles). */
export function bubble(message, phone) {
  if (message.type === "reaction") return null;
  if (message.from === "emulator") return note(message.text, "note");
  if (message.from === "business" && message.status === "failed") return undelivered(message);
  const mine = message.from === "customer";
  const parts = content(message, phone);
  const shape = h("div", { class: `bubble ${parts.shape || ""}` });
  const quoted = message.context?.id && phone.find(message.context.id);
  if (message.context?.forwarded) shape.append(h("span", { class: "forwarded" }, "↪ Forwarded"));
  if (quoted) shape.append(quote(quoted, phone));
  shape.append(...parts.inside, meta(message, mine, phone));
  if (parts.below.length) shape.append(h("div", { class: "choices" }, ...parts.below));
  const emojis = [...new Set(Object.values(message.reactions))];
  if (emojis.length) shape.append(h("span", { class: "reactions", "aria-label": `Reactions: ${emojis.join(" ")}` }, emojis.join("")));
  shape.append(
    h("button", { class: "more", type: "button", "aria-label": phone.words.options, "aria-haspopup": "menu",
      on: { click: (event) => phone.menu(message, event.currentTarget) } }, icon("down")),
  );
  return h("div", { class: `row ${mine ? "out" : "in"}`, data: { id: message.id, type: message.type } },
    h("span", { class: "unseen" }, `${mine ? phone.words.you : phone.business}: `), shape);
}

/** A line between the bubbles. */
export function note(text, kind) {
  return h("div", { class: `between ${kind}` }, h("span", {}, text));
}

function undelivered(message) {
  const error = message.error || {};
  const line = note(`Not delivered (${error.code}): ${error.error_data?.details || error.title}`, "note");
  line.dataset.id = message.id;
  return line;
}

/** The part of a bubble, or of the composer, that shows the message answered to. */
export function quote(message, phone) {
  const mine = message.from === "customer";
  return h("button", { class: `quote ${mine ? "own" : ""}`, type: "button", on: { click: () => phone.jump(message.id) } },
    h("b", {}, mine ? phone.words.you : phone.business),
    h("span", {}, unmarked(summary(message, phone.words)).slice(0, 160)));
}

function meta(message, mine, phone) {
  const time = h("time", { datetime: new Date(message.at).toISOString() }, hour(message.at, phone.language));
  const line = h("span", { class: "meta" }, time);
  if (mine) {
    const status = message.status;
    const shape = status === "failed" ? "bang" : status === "sent" || status === "accepted" ? "tick" : "ticks";
    const mark = icon(shape, phone.words[status]);
    mark.classList.add(`is-${status}`);
    line.append(mark);
  }
  return line;
}
