// Building the page by hand: text goes in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element; `on` maps events to listeners, `data` fills dataset, the rest are attributes. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (name === "data") {
      Object.assign(element.dataset, value);
    } else {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Drawn for this page on a grid of 24; strokes unless the name says otherwise.
const SHAPES = {
  send: ["fill", "M3 20.5 21.5 12 3 3.5v6.6L15 12 3 13.9z"],
  mic: ["fill", "M12 14.5a3.2 3.2 0 0 0 3.2-3.2V6a3.2 3.2 0 1 0-6.4 0v5.3a3.2 3.2 0 0 0 3.2 3.2zm5.6-3.2a5.6 5.6 0 0 1-11.2 0H4.6a7.4 7.4 0 0 0 6.5 7.3V21.5h1.8v-2.9a7.4 7.4 0 0 0 6.5-7.3z"],
  smile: ["line", "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8.2 14.2c.9 1.5 2.2 2.3 3.8 2.3s2.9-.8 3.8-2.3M9 9.6v.3M15 9.6v.3"],
  clip: ["line", "M19.5 11.2 11.6 19a4.9 4.9 0 0 1-7-7l8.3-8.2a3.3 3.3 0 0 1 4.6 4.7l-8.2 8.2a1.6 1.6 0 0 1-2.3-2.3l7.3-7.3"],
  camera: ["line", "M4 8h3.3l1.5-2.5h6.4L16.7 8H20a1 1 0 0 1 1 1v9.5a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V9a1 1 0 0 1 1-1zM12 17a3.6 3.6 0 1 0 0-7.2 3.6 3.6 0 0 0 0 7.2z"],
  image: ["line", "M4 4.5h16v15H4zM4 16l4.5-4.5 4 4 2.5-2.5 5 5M15.5 9.5v.2"],
  file: ["line", "M6 3h8l5 5v13H6zM14 3v5h5M9 13h7M9 17h5"],
  pin: ["line", "M12 21.5s7-6.7 7-12a7 7 0 1 0-14 0c0 5.3 7 12 7 12zM12 12a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z"],
  person: ["line", "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c.6-4 3.8-6 8-6s7.4 2 8 6"],
  sticker: ["line", "M13 20.5H7A3.5 3.5 0 0 1 3.5 17V7A3.5 3.5 0 0 1 7 3.5h10A3.5 3.5 0 0 1 20.5 7v6M13 20.5 20.5 13M13 20.5V17a4 4 0 0 1 4-4h3.5"],
  reply: ["line", "M10 5.5 3.5 11.5l6.5 6v-3.7c5 0 8 1.4 10.5 4.7-.7-5.2-3.9-9-10.5-9.4z"],
  list: ["line", "M8.5 6.5H20M8.5 12H20M8.5 17.5H20M4.2 6.5h.1M4.2 12h.1M4.2 17.5h.1"],
  open: ["line", "M14 4h6v6M20 4l-9 9M17 13.5V20H4V7h6.5"],
  download: ["line", "M12 4v11m0 0 4.5-4.5M12 15l-4.5-4.5M5 20h14"],
  play: ["fill", "M7 4.5v15l12.5-7.5z"],
  pause: ["fill", "M6.5 5h4v14h-4zM13.5 5h4v14h-4z"],
  close: ["line", "M6 6l12 12M18 6 6 18"],
  down: ["line", "M6 9.5l6 6 6-6"],
  dots: ["fill", "M12 7.2a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4zm0 6.5a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4zm0 6.5a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4z"],
  lock: ["line", "M6.5 11h11v9h-11zM9 11V8a3 3 0 0 1 6 0v3"],
  bang: ["line", "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7.5v5.5M12 16.3v.2"],
  block: ["line", "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM6 6l12 12"],
  tick: ["tick", "M4.5 12.8l4.3 4.3L18.5 7"],
  ticks: ["tick", "M1.5 12.8l4.3 4.3L15.5 7M11.5 15.8l1.3 1.3L22.5 7"],
};

/** A picture of the set above; without a label it is decoration. */
export function icon(name, label) {
  const [kind, path] = SHAPES[name];
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon ${kind} i-${name}`);
  if (label) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  } else {
    svg.setAttribute("aria-hidden", "true");
  }
  const shape = document.createElementNS(SVG, "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

/** The letters in a round picture. */
export function initials(name) {
  const words = name.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const wide = /[\u2e80-\u9fff\uac00-\ud7af]/u.test(name);
  const first = [...(words[0] || "?")][0];
  return (wide || words.length < 2 ? first : first + [...words[words.length - 1]][0]).toUpperCase();
}

/** A colour number for a person's picture, always the same for the same name. */
export function hue(name) {
  return String([...name].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % 6);
}
