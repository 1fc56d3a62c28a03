// One phone: a customer's chat with the business.

import * as api from "./api.js";
import { bubble, note, quote } from "./bubble.js";
import { composer } from "./composer.js";
import { h, hue, icon, initials } from "./dom.js";
import { unmarked } from "./format.js";
import { summary } from "./parts.js";
import * as sheets from "./sheets.js";
import { day, hour, sameDay, span, wordsFor } from "./words.js";

const REACTIONS = ["👍", "❤️", "😂", "😮", "😢", "🙏"];

/** How long a typing indicator lasts when nothing follows it. */
const TYPING_MS = 25000;

/** A phone for a customer; `now` tells the virtual time. */
export function createPhone(first, business, now) {
  const words = wordsFor(first.language);
  const messages = new Map();
  const log = h("div", { class: "log", role: "log", "aria-label": `${business} – ${first.name}` });
  const scroller = h("div", { class: "scroller", tabindex: "0" }, log);
  const dots = h("div", { class: "row in typing tail", hidden: true }, h("div", { class: "bubble" }, h("i"), h("i"), h("i")));
  const state = h("span", { class: "state", "aria-live": "polite" }, words.online);
  const jumpDown = h("button", { class: "to-end", type: "button", hidden: true, "aria-label": words.down, on: { click: () => end("smooth") } }, icon("down"));
  const toast = h("div", { class: "toast", role: "status", hidden: true });
  const clock = h("time", {});
  const caption = h("p", { class: "owner" });
  const body = h("div", { class: "inner" });
  const screen = h("div", { class: "screen" }, body);
  const element = h("section", { class: "phone", id: `phone-${first.id}`, "aria-label": first.name, lang: first.language, data: { customer: first.id } },
    caption, h("div", { class: "frame" }, screen));
  const phone = { id: first.id, element, screen, body, words, business, language: first.language, customer: first, visible: false };
  let typingTimer = 0;
  let unreadFrom = null;
  let atEnd = true;

  const writer = composer(phone);
  body.append(
    h("div", { class: "status", "aria-hidden": "true" }, clock, h("span", { class: "signs" }, h("i", { class: "signal" }), h("i", { class: "battery" }))),
    h("header", { class: "top" }, h("span", { class: "face business", "aria-hidden": "true" }, initials(business)),
      h("div", { class: "who" }, h("h2", {}, business), state),
      h("button", { class: "plain", type: "button", "aria-label": words.details, on: { click: () => sheets.details(phone, now()) } }, icon("dots"))),
    h("div", { class: "wall" }, scroller, jumpDown, toast), writer.element);

  function end(behavior = "instant") {
    scroller.scrollTo({ top: scroller.scrollHeight, behavior });
  }

  let heights = "";
  scroller.addEventListener("scroll", () => {
    const near = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 60;
    // A scroll that comes with a new height is the layout's doing and not the reader's.
    const still = heights === `${scroller.scrollHeight} ${scroller.clientHeight}`;
    heights = `${scroller.scrollHeight} ${scroller.clientHeight}`;
    if (near || still) atEnd = near;
    else if (atEnd) end();
    jumpDown.hidden = atEnd;
  }, { passive: true });
  // A keyboard, a tray or a picture that arrives changes the height; whoever was at the end stays there.
  new ResizeObserver(() => atEnd && end()).observe(scroller);
  new ResizeObserver(() => atEnd && end()).observe(log);

  function dated(at) {
    const line = note(day(at, now(), phone.language, words), "date");
    line.dataset.at = at;
    return line;
  }

  phone.find = (id) => messages.get(id);
  phone.settle = () => atEnd && end();

  /** Show a message, or show it as it is now. */
  phone.put = (message) => {
    const known = messages.has(message.id);
    messages.set(message.id, message);
    const made = bubble(message, phone);
    if (!made) return;
    if (known) {
      const old = log.querySelector(`[data-id="${CSS.escape(message.id)}"]`);
      if (!old) return;
      if (old.classList.contains("tail")) made.classList.add("tail");
      const held = old.contains(document.activeElement) ? [...old.querySelectorAll("button, a")].indexOf(document.activeElement) : -1;
      old.replaceWith(made);
      if (held >= 0) [...made.querySelectorAll("button, a")][held]?.focus({ preventScroll: true });
      return;
    }
    const before = [...messages.values()].at(-2);
    if (!before || !sameDay(before.at, message.at)) log.insertBefore(dated(message.at), dots);
    if (message.from === "business" && !phone.visible && !unreadFrom) unreadFrom = message.id;
    if (message.from === "customer") phone.clearUnread();
    const last = dots.previousElementSibling;
    const side = message.from === "customer" ? "out" : "in";
    if (made.classList.contains("row") && !(last?.classList.contains("row") && last.classList.contains(side))) made.classList.add("tail");
    log.insertBefore(made, dots);
    if (atEnd || message.from === "customer") end();
    else jumpDown.hidden = false;
  };

  phone.reset = (all) => {
    messages.clear();
    log.replaceChildren(h("div", { class: "between notice" }, h("span", {}, icon("lock"), ` ${words.notice}`)), dots);
    all.forEach(phone.put);
    end();
  };

  phone.setCustomer = (customer) => {
    phone.customer = customer;
    phone.tick();
  };

  phone.setTyping = (on) => {
    clearTimeout(typingTimer);
    dots.hidden = !on;
    state.textContent = on ? words.typing : words.online;
    state.classList.toggle("busy", on);
    if (on) typingTimer = setTimeout(() => phone.setTyping(false), TYPING_MS);
    if (on && atEnd) end();
  };

  /** The chat came before the eyes, or went away from them. */
  phone.setVisible = (visible) => {
    phone.visible = visible;
    element.toggleAttribute("data-seen", visible);
    if (!visible) return;
    phone.settle();
    const unread = unreadFrom && log.querySelector(`[data-id="${CSS.escape(unreadFrom)}"]`);
    if (!unread) return;
    log.querySelector(".unread")?.remove();
    const since = messages.get(unreadFrom).seq;
    const count = [...messages.values()].filter((one) => one.from === "business" && one.seq >= since && one.type !== "reaction").length;
    const line = note(words.unread(count), "unread");
    log.insertBefore(line, unread);
    line.scrollIntoView({ block: "center" });
    unreadFrom = null;
  };

  phone.clearUnread = () => {
    unreadFrom = null;
    log.querySelector(".unread")?.remove();
  };

  phone.tick = () => {
    for (const line of log.querySelectorAll(".date")) {
      const label = day(Number(line.dataset.at), now(), phone.language, words);
      if (line.firstChild.textContent !== label) line.firstChild.textContent = label;
    }
    clock.textContent = hour(now(), phone.language);
    const { name, phone: number, user_id: scoped, window_until: until } = phone.customer;
    const left = until - now();
    caption.replaceChildren(h("span", { class: "face", data: { hue: hue(name) }, "aria-hidden": "true" }, initials(name)),
      h("span", { class: "names" }, h("b", {}, name), h("small", {}, number ? `+${number}` : scoped)),
      h("span", { class: `window ${left > 0 ? (left < 3600000 ? "soon" : "") : "closed"}`, title: "The business may write freely for 24 hours after the customer's last message" },
        until ? (left > 0 ? `${span(left)} left` : "window closed") : "window not open"));
  };

  phone.tell = (text) => {
    toast.textContent = text;
    toast.hidden = false;
    clearTimeout(phone.toasting);
    phone.toasting = setTimeout(() => (toast.hidden = true), 6000);
  };

  const attempt = async (work) => {
    try {
      await work();
      return true;
    } catch (error) {
      phone.tell(`${words.notSent}: ${error.message}`);
      return false;
    }
  };

  phone.say = (what) => attempt(() => api.say(phone.id, what));
  phone.sayFile = ({ kind, blob, name }, words_, replyTo) => attempt(() => api.sayFile(phone.id, kind, blob, name, words_, replyTo));
  phone.tap = (message, id) => phone.say({ tap: id, of: message.id });
  phone.openList = (message) => sheets.list(phone, message);
  phone.askPlace = (message) => sheets.place(phone, (where) => phone.say({ location: where, reply_to: message.id }));
  phone.shareContact = (message) => phone.say({
    contacts: [{ name: phone.customer.name, phone: phone.customer.phone || "491701112233" }], ...(message ? { reply_to: message.id } : {}) });
  phone.enlarge = (id, message) => sheets.enlarge(phone, id, message);
  phone.insert = (text) => writer.insert(text);

  phone.jump = (id) => {
    const target = log.querySelector(`[data-id="${CSS.escape(id)}"]`);
    if (!target) return;
    target.scrollIntoView({ block: "center", behavior: "smooth" });
    target.classList.remove("flash");
    requestAnimationFrame(() => target.classList.add("flash"));
  };

  /** What can be done with a message: answer, react, copy. */
  phone.menu = (message, button) => {
    const item = (label, act) => h("button", { type: "button", role: "menuitem", on: { click: () => { close(); act(); } } }, label);
    const react = (emoji) => phone.say({ reaction: { message_id: message.id, emoji: message.reactions.customer === emoji ? "" : emoji } });
    const faces = h("div", { class: "faces" }, ...REACTIONS.map((emoji) => h("button", { type: "button", role: "menuitem",
      "aria-label": `${words.react} ${emoji}`, on: { click: () => { close(); react(emoji); } } }, emoji)));
    const close = sheets.over(phone, words.options, [faces,
      item(words.reply, () => writer.answer(message, quote(message, phone))),
      item(words.copy, () => navigator.clipboard?.writeText(unmarked(summary(message, words))))], "menu");
    const menu = screen.querySelector(".menu");
    menu.setAttribute("role", "menu");
    const box = screen.getBoundingClientRect();
    const from = button.getBoundingClientRect();
    menu.style.top = `${Math.min(from.bottom - box.top, box.height - menu.offsetHeight - 12)}px`;
    menu.style.left = `${Math.max(8, Math.min(from.right - box.left - menu.offsetWidth, box.width - menu.offsetWidth - 8))}px`;
  };

  phone.tick();
  return phone;
}
