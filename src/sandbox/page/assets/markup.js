// Telegram's HTML as DOM nodes. Nothing here parses markup with the browser: a tag or entity that isn't on the list
// stays the text that it is, so a message can't bring elements, attributes or addresses of its own.

import { h } from "./dom.js";

const TAGS = {
  b: "b", strong: "b",
  i: "i", em: "i",
  u: "u", ins: "u",
  s: "s", strike: "s", del: "s",
  code: "code", pre: "pre", a: "a", blockquote: "blockquote",
};

const ENTITIES = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'", nbsp: "\u00a0" };

const TOKEN = /<(\/?)([a-z]+)((?:\s+[a-z-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'))*)\s*>|&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]+));/gi;

/** A fragment that shows `html`; `command` is called when a /command in it is clicked. */
export function markup(html, command) {
  const root = document.createDocumentFragment();
  const open = [{ tag: null, node: root }];
  let text = "";
  const top = () => open[open.length - 1].node;
  const flush = () => {
    if (text) top().append(...pieces(text, open, command));
    text = "";
  };
  let end = 0;
  for (const token of html.matchAll(TOKEN)) {
    text += html.slice(end, token.index);
    end = token.index + token[0].length;
    const [whole, slash, name, attributes, decimal, hexadecimal, entity] = token;
    if (name === undefined) {
      text += decode(decimal, hexadecimal, entity) ?? whole;
      continue;
    }
    const tag = TAGS[name.toLowerCase()];
    if (!tag || !Object.hasOwn(TAGS, name.toLowerCase())) {
      text += whole;
    } else if (!slash) {
      flush();
      const node = element(tag, attributes);
      top().append(node);
      open.push({ tag, node });
    } else if (open[open.length - 1].tag === tag) {
      flush();
      open.pop();
    } else {
      text += whole;
    }
  }
  text += html.slice(end);
  flush();
  return root;
}

/** The text of a message in one line, for quotes and announcements. */
export function plain(html) {
  return markup(html).textContent.replace(/\s+/g, " ").trim();
}

function element(tag, attributes) {
  if (tag !== "a") return h(tag);
  const href = /\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')/i.exec(attributes ?? "");
  const address = webAddress(decodeAll(href?.[1] ?? href?.[2] ?? ""));
  if (!address) return h("span");
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow", title: address });
}

/** The address when it leads to the web and nowhere else (no javascript:, data:, file:). */
function webAddress(text) {
  try {
    const url = new URL(text);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}

function decode(decimal, hexadecimal, entity) {
  if (entity !== undefined) return Object.hasOwn(ENTITIES, entity) ? ENTITIES[entity] : undefined;
  const point = decimal !== undefined ? Number(decimal) : parseInt(hexadecimal, 16);
  return point > 0 && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff) ? String.fromCodePoint(point) : undefined;
}

function decodeAll(text) {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]+));/gi, (whole, ...parts) => decode(...parts) ?? whole);
}

/** Text with its /commands made clickable, as the chat's other clients do. */
function pieces(text, open, command) {
  const verbatim = open.some(({ tag }) => tag === "a" || tag === "pre" || tag === "code");
  if (verbatim || !command) return [text];
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(/(?<![\p{L}\p{N}_/.<>-])\/[a-z][a-z0-9_]{0,31}(?![\p{L}\p{N}_/-])/gu)) {
    parts.push(text.slice(end, match.index), h("button.command", { type: "button", onclick: () => command(match[0]) }, match[0]));
    end = match.index + match[0].length;
  }
  parts.push(text.slice(end));
  return parts.filter((part) => part !== "");
}
