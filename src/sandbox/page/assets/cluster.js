// The cluster: applications as Argo CD sees them, nodes, and pods that come, get ready and go.

import { $, calm, flash, follow, h, setText, tone } from "./dom.js";
import { age, words } from "./words.js";

const SEGMENTS = 20; // more replicas than this are shown as a number only
const FAILED = /backoff|error|failed|errimage|invalidimage|oomkilled|evicted|cannotrun|deadline/i;

let loadedAt = 0;

export function render(state, relabelled) {
  loadedAt = performance.now();
  renderApps(state.apps ?? [], relabelled);
  renderNodes(state.nodes ?? [], state.pods ?? [], relabelled);
}

setInterval(() => {
  for (const element of document.querySelectorAll(".pod")) showAge(element);
}, 1000);

function renderApps(apps, relabelled) {
  follow($("apps"), apps, (app) => app.name, {
    build: () => h("article.app"),
    update(element, app, isNew) {
      const signature = JSON.stringify(app);
      if (element.signature === signature && !relabelled) return;
      const moved = !isNew && element.tag !== app.tag;
      element.signature = signature;
      element.tag = app.tag;
      element.replaceChildren(
        h("h3", {}, app.name),
        h("div.badges", {}, badge("sync", app.sync), badge("health", app.health)),
        h("dl", {},
          fact(words.tag, h("strong", {}, app.tag ?? "—")),
          fact(words.revision, revision(app.revision)),
          fact(words.pods, replicas(app.ready ?? 0, app.desired ?? 0))),
      );
      if (moved) flash(element, "changed");
    },
  });
}

function fact(name, value) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}

function badge(kind, value) {
  return h("span.badge", { "data-kind": kind, "data-value": value ?? "Unknown" }, value ?? "Unknown");
}

function revision(id) {
  if (!id) return h("code", {}, "—");
  return h("a.revision", { href: `/-/commit/${encodeURIComponent(id)}`, title: `${words.showCommit} ${id}` }, id.slice(0, 8));
}

function replicas(ready, desired) {
  const total = Math.max(ready, desired);
  const segments = total <= SEGMENTS ? Array.from({ length: total }, (_, index) => segment(index, ready, desired)) : [];
  return h("span.replicas", {}, h("strong", {}, `${ready}/${desired}`), h("span.segments", { "aria-hidden": "true" }, ...segments));
}

function segment(index, ready, desired) {
  return h("i", { class: index >= desired ? "extra" : index < ready ? "on" : "off" });
}

function renderNodes(nodes, pods, relabelled) {
  const named = new Set(nodes.map(({ name }) => name));
  const waiting = pods.filter(({ node }) => !named.has(node));
  const lanes = nodes.map((node) => ({ ...node, pods: pods.filter((pod) => pod.node === node.name) }));
  // Those that run the applications first; the order is stable otherwise.
  lanes.sort((one, other) => steers(one) - steers(other));
  if (waiting.length) lanes.push({ name: "", ready: true, waiting: true, pods: waiting });
  follow($("nodes"), lanes, (lane) => lane.name, {
    build: () => {
      const parts = { title: h("h3"), note: h("span.note"), pods: h("ul.pods"), none: h("p.none") };
      const element = h("article.node", {}, h("header", {}, h("i.lamp"), parts.title, parts.note), parts.pods, parts.none);
      element.parts = parts;
      return element;
    },
    update(element, lane) {
      const { title, note, pods: list, none } = element.parts;
      setText(title, lane.waiting ? words.noNode : lane.name);
      const role = steers(lane) ? words.steers : "";
      setText(note, lane.ready === false ? words.notReady : lane.unschedulable ? words.cordoned : role);
      element.classList.toggle("down", lane.ready === false);
      element.classList.toggle("cordoned", Boolean(lane.unschedulable));
      element.classList.toggle("waiting", Boolean(lane.waiting));
      element.classList.toggle("steers", steers(lane));
      setText(none, lane.pods.length ? "" : steers(lane) ? words.takesNoPods : words.noPods);
      follow(list, lane.pods, (pod) => pod.name, { build: buildPod, update: updatePod, remove: removePod });
    },
  });
  const panel = $("cluster");
  let empty = panel.querySelector(".nothing");
  if (nodes.length) empty?.remove();
  else if (!empty) panel.append((empty = h("p.nothing")));
  if (!nodes.length && (relabelled || !empty.textContent)) setText(empty, words.noCluster);
}

/** Whether a node runs the cluster itself and takes no pods of applications. */
function steers({ role }) {
  return /control-plane|master/.test(role ?? "");
}

function buildPod() {
  const parts = { name: h("b"), tag: h("span.pod-tag"), status: h("span.pod-status"), restarts: h("span.pod-restarts"), age: h("span.pod-age") };
  const element = h("li.pod", {},
    h("div.pod-line", {}, parts.name, parts.tag),
    h("div.pod-line", {}, parts.status, parts.restarts, parts.age));
  element.parts = parts;
  return element;
}

function updatePod(element, pod, isNew) {
  const { name, tag, status, restarts } = element.parts;
  const now = phase(pod);
  const version = tagOf(String(pod.image ?? ""));
  if (element.dataset.phase !== now) {
    element.dataset.phase = now;
    if (!isNew && !calm()) flash(element, "moved");
  }
  element.title = `${pod.name}\n${pod.image ?? ""}\n${pod.status}`;
  setText(name, suffix(pod.name));
  setText(tag, version);
  tag.className = `pod-tag tone-${tone(version, "version")}`;
  setText(status, now === "failed" ? pod.status : words.phase[now]);
  setText(restarts, pod.restarts > 0 ? `↻ ${pod.restarts}` : "");
  restarts.title = words.restarts;
  element.bornAt = loadedAt - (pod.age_seconds ?? 0) * 1000;
  showAge(element);
}

function removePod(element) {
  if (calm()) return element.remove();
  element.classList.add("gone");
  element.setAttribute("aria-hidden", "true");
  setTimeout(() => element.remove(), 350);
}

function showAge(element) {
  setText(element.parts.age, age((performance.now() - element.bornAt) / 1000));
}

/** What a pod is about, from kubectl's STATUS column and its readiness. */
function phase({ status, ready }) {
  const word = String(status ?? "");
  if (/^terminating$/i.test(word)) return "leaving";
  if (/^(succeeded|completed)$/i.test(word)) return "done";
  if (FAILED.test(word)) return "failed";
  if (/^running$/i.test(word)) return ready ? "ready" : "unready";
  return /^pending$/i.test(word) ? "pending" : "starting";
}

/** The tag or the beginning of the digest of an image reference. */
function tagOf(image) {
  const [reference, digest] = image.split("@");
  const last = reference.slice(reference.lastIndexOf("/") + 1);
  const colon = last.indexOf(":");
  if (colon >= 0) return last.slice(colon + 1);
  return digest ? digest.replace(/^sha256:/, "").slice(0, 8) : "latest";
}

/** The part of a pod's name that tells it from its siblings: the ReplicaSet's hash and its own. */
function suffix(name) {
  const parts = String(name).split("-");
  return parts.length > 2 ? parts.slice(-2).join("-") : name;
}
