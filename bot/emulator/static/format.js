// WhatsApp's own little markup, turned into elements: *bold* _italic_ ~strike~ ```mono``` `code`,
// quotes, bullets, and addresses that can be opened.

import { h } from "./dom.js";

const MARKS = { "*": "strong", "_": "em", "~": "s", "`": "code" };
const ADDRESS = /(?:https?:\/\/|www\.)[^\s<>"'`，。！？；：、）】」》]+/iy;
const LATIN = /[A-Za-z0-9]/;

/** A text as people on a phone see it. */
export function formatted(text) {
  const whole = document.createDocumentFragment();
  text.split(/```([\s\S]+?)```/).forEach((part, index) => {
    if (index % 2) whole.append(h("code", { class: "mono" }, part));
    else if (part) lines(part, whole);
  });
  return whole;
}

/** The same text in one line, without marks: for quotes and lists of chats. */
export function unmarked(text) {
  const holder = h("span");
  holder.append(formatted(text));
  return holder.textContent.replace(/\s+/g, " ").trim();
}

function lines(text, into) {
  text.split("\n").forEach((line, index, all) => {
    const quote = /^> ?(.+)$/.exec(line);
    const bullet = /^[*-] (.+)$/.exec(line);
    if (quote || bullet) {
      const block = h("span", { class: quote ? "said" : "bullet" });
      inline((quote || bullet)[1], block);
      into.append(block);
    } else {
      inline(line, into);
      const next = all[index + 1];
      if (next !== undefined) into.append("\n");
    }
  });
}

function inline(text, into) {
  let plain = "";
  const flush = () => {
    if (plain) into.append(plain);
    plain = "";
  };
  for (let at = 0; at < text.length; at += 1) {
    const before = at ? text[at - 1] : "";
    if (LATIN.test(before)) {
      plain += text[at];
      continue;
    }
    const address = addressAt(text, at);
    const end = address ? -1 : closing(text, at);
    if (address) {
      flush();
      const href = address.startsWith("www.") ? `https://${address}` : address;
      into.append(h("a", { href, target: "_blank", rel: "noopener noreferrer" }, address));
      at += address.length - 1;
    } else if (end > 0) {
      flush();
      const element = h(MARKS[text[at]]);
      if (text[at] === "`") element.append(text.slice(at + 1, end));
      else inline(text.slice(at + 1, end), element);
      into.append(element);
      at = end;
    } else {
      plain += text[at];
    }
  }
  flush();
}

function addressAt(text, at) {
  ADDRESS.lastIndex = at;
  const found = ADDRESS.exec(text);
  if (!found) return "";
  let address = found[0].replace(/[.,!?;:*_~]+$/, "");
  if (address.endsWith(")") && !address.includes("(")) address = address.slice(0, -1);
  return URL.canParse(address.startsWith("www.") ? `https://${address}` : address) ? address : "";
}

function closing(text, at) {
  const mark = text[at];
  if (!(mark in MARKS) || !text[at + 1] || /\s/.test(text[at + 1]) || text[at + 1] === mark) return -1;
  for (let end = at + 2; end < text.length; end += 1) {
    const after = text[end + 1] || "";
    if (text[end] === mark && !/\s/.test(text[end - 1]) && !LATIN.test(after)) return end;
  }
  return -1;
}
