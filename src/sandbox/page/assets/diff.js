// A unified diff as coloured lines, with the changed part of a line that has a counterpart marked.

import { h } from "./dom.js";
import { words } from "./words.js";

const LIMIT = 2000; // lines; a longer diff is cut

/** The elements of a diff: one block for each file. */
export function diff(text) {
  const files = [];
  const lines = text.split("\n");
  let oldLine = 0;
  let newLine = 0;
  let inHunk = false;
  for (const line of lines.slice(0, LIMIT)) {
    const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)$/.exec(line);
    if (/^diff --git /.test(line)) {
      files.push({ path: line.replace(/^diff --git "?a\/.* "?b\/(.*?)"?$/, "$1"), rows: [] });
      inHunk = false;
    } else if (hunk) {
      if (!files.length) files.push({ path: "", rows: [] });
      [oldLine, newLine, inHunk] = [Number(hunk[1]), Number(hunk[2]), true];
      files.at(-1).rows.push({ kind: "hunk", text: hunk[3].trim() });
    } else if (!inHunk) {
      // Before the first hunk: names, modes, or that the file is binary.
      const name = /^\+\+\+ "?(?:b\/)?(.*?)"?\t?$/.exec(line)?.[1];
      if (name && !files.length) files.push({ path: name, rows: [] });
      if (/^(Binary files|new file|deleted file|rename|old mode|new mode)/.test(line)) {
        files.at(-1)?.rows.push({ kind: "note", text: line });
      }
    } else if (line.startsWith("+")) {
      files.at(-1).rows.push({ kind: "added", text: line.slice(1), newLine: newLine++ });
    } else if (line.startsWith("-")) {
      files.at(-1).rows.push({ kind: "removed", text: line.slice(1), oldLine: oldLine++ });
    } else if (line.startsWith(" ")) {
      files.at(-1).rows.push({ kind: "same", text: line.slice(1), oldLine: oldLine++, newLine: newLine++ });
    } else if (line.startsWith("\\")) {
      files.at(-1).rows.push({ kind: "note", text: line });
    }
  }
  if (!files.length) return [h("p.none", {}, words.noChanges)];
  if (lines.length > LIMIT) files.at(-1).rows.push({ kind: "note", text: "…" });
  return files.map(({ path, rows }) => {
    pair(rows);
    const grid = h("div.lines", { tabindex: 0, role: "group", "aria-label": path }, ...rows.map(row));
    return h("div.file", {}, h("div.path", {}, path), grid);
  });
}

/** Gives each removed line of a block its added counterpart when there are as many of both. */
function pair(rows) {
  for (let start = 0; start < rows.length; start += 1) {
    let middle = start;
    while (rows[middle]?.kind === "removed") middle += 1;
    let end = middle;
    while (rows[end]?.kind === "added") end += 1;
    if (middle > start && end - middle === middle - start) {
      for (let index = start; index < middle; index += 1) {
        const [removed, added] = [rows[index], rows[index + middle - start]];
        [removed.span, added.span] = spans([...removed.text], [...added.text]);
      }
    }
    start = Math.max(start, end - 1);
  }
}

/** What lies between the common beginning and the common end of two lines, in characters of each. */
function spans(one, other) {
  let head = 0;
  while (head < one.length && head < other.length && one[head] === other[head]) head += 1;
  let tail = 0;
  const most = Math.min(one.length, other.length) - head;
  while (tail < most && one[one.length - 1 - tail] === other[other.length - 1 - tail]) tail += 1;
  // Whole words read better than single letters: widen to the nearest blank or quote.
  const border = /[\s"':=]/;
  while (head > 0 && !border.test(one[head - 1])) head -= 1;
  while (tail > 0 && !border.test(one[one.length - tail])) tail -= 1;
  return [[head, one.length - tail], [head, other.length - tail]];
}

function row({ kind, text, oldLine, newLine, span }) {
  const sign = { added: "+", removed: "−", same: " " }[kind];
  if (sign === undefined) return h(`div.line.${kind}`, {}, h("span.code", {}, text || "⋯"));
  const number = (value) => h("span.number", { "data-number": value ?? "", "aria-hidden": "true" });
  return h(`div.line.${kind}`, {}, number(oldLine), number(newLine), h("span.sign", {}, sign), code(text, span));
}

function code(text, span) {
  if (!span || span[0] >= span[1]) return h("span.code", {}, text);
  const characters = [...text];
  const part = (from, to) => characters.slice(from, to).join("");
  return h("span.code", {}, part(0, span[0]), h("mark", {}, part(...span)), part(span[1]));
}
