"use strict";

// Shows the fleet by asking the endpoint that served this page. Texts from there are set as text, never as markup.

const PERIOD = 1000; // ms
let token = "";
let timer = 0;

const at = (id) => document.getElementById(id);

async function ask(path, method = "GET", body) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: "no-store" });
  const said = await answer.json();
  if (!answer.ok && path.startsWith("admin")) throw Object.assign(new Error(said.message), { status: answer.status });
  return { isGood: answer.ok, said };
}

function notice(text) {
  at("notice").textContent = text;
  at("notice").hidden = text === "";
}

function cell(kind, content, isText) {
  const element = document.createElement(kind);
  if (isText) element.className = "text";
  if (content instanceof Node) element.append(content);
  else element.textContent = content ?? "–";
  return element;
}

// columns: [title, row => content, whether it is text]
function fill(table, columns, rows, ifEmpty) {
  const lines = rows.map((row) => {
    const line = document.createElement("tr");
    line.append(...columns.map(([, content, isText]) => cell("td", content(row), isText)));
    return line;
  });
  if (lines.length === 0) {
    const line = document.createElement("tr");
    const only = cell("td", ifEmpty);
    only.className = "empty";
    only.colSpan = columns.length;
    line.append(only);
    lines.push(line);
  }
  const head = document.createElement("tr");
  head.append(...columns.map(([title, , isText]) => cell("th", title, isText)));
  table.replaceChildren(head, ...lines);
}

function button(title, action) {
  const element = document.createElement("button");
  element.textContent = title;
  element.addEventListener("click", action);
  return element;
}

function tell(worker, order) {
  return async () => {
    if (order === "drain" && !confirm(`Hand over all shards of ${worker}?`)) return;
    await attempt(() => ask(`admin/workers/${encodeURIComponent(worker)}/${order}`, "POST"));
  };
}

async function attempt(action) {
  try {
    await action();
    notice("");
    return true;
  } catch (error) {
    notice(error.message);
    return false;
  }
}

function badge(severity) {
  const element = document.createElement("span");
  element.className = `badge ${{ error: "bad", warning: "warning" }[severity] ?? ""}`;
  element.textContent = severity;
  return element;
}

const findingColumns = [
  ["", (f) => badge(f.severity), true],
  ["finding", (f) => f.message, true],
  ["code", (f) => f.code, true],
  ["since", (f) => f.since, true],
];
const workerColumns = [
  ["worker", (w) => w.id, true],
  ["state", (w) => w.state, true],
  ["shards", (w) => w.shards.length],
  ["orders/s", (w) => w.orders_per_second],
  ["busy %", (w) => w.busy_percent],
  ["open orders", (w) => w.open_orders],
  ["commit ms", (w) => (w.commit_us / 1000).toFixed(1)],
  ["Redis ms", (w) => (w.redis_us / 1000).toFixed(1)],
  ["", (w) => (w.state === "active" ? button("Drain", tell(w.id, "drain")) : button("Resume", tell(w.id, "resume")))],
];
const shardColumns = [
  ["shard", (s) => s.shard],
  ["symbols", (s) => s.symbols.slice(0, 8).join(" ") + (s.symbols.length > 8 ? " …" : ""), true],
  ["owner", (s) => s.owner, true],
  ["state", (s) => s.state, true],
  ["epoch", (s) => s.epoch],
  ["lag", (s) => s.lag],
  ["orders/s", (s) => s.orders_per_second],
  ["lease ms", (s) => s.lease_remaining_ms],
  ["quarantined", (s) => s.quarantined],
];

async function showHealth() {
  const { isGood, said } = await ask("readyz");
  at("process").textContent = said.process;
  at("ready").textContent = said.reason ?? said.status;
  at("ready").className = `badge ${isGood ? "good" : "bad"}`;
}

async function showFindings() {
  const { said } = await ask("admin/findings");
  fill(at("findings"), findingColumns, said.findings, "Nothing is wrong.");
  at("fleet").hidden = false;
}

async function showFleet() {
  const paths = ["leader", "scaling", "workers", "shards"];
  const answers = await Promise.all(paths.map((path) => ask(`admin/${path}`)));
  const [leader, scaling, workers, shards] = answers.map((answer) => answer.said);
  at("leader").textContent = leader.leader ? `${leader.leader}, term ${leader.term}` : leader.redis_fault ?? "nobody leads";
  at("scaling").textContent =
    `${scaling.workers ?? "?"} workers, ${scaling.workers_wanted} wanted: ${scaling.reason}`;
  fill(at("workers"), workerColumns, workers, "No worker beats.");
  fill(at("shards"), shardColumns, shards, "There are no shards: has the database been migrated?");
}

async function look() {
  clearTimeout(timer);
  try {
    await showHealth();
    if (token) {
      // First: they are there whatever else is away.
      await showFindings();
      at("login").hidden = true;
      await showFleet();
    }
  } catch (error) {
    if (error.status === 401 || error.status === 403) {
      token = "";
      at("login").hidden = false;
      at("fleet").hidden = true;
    }
    notice(error.status ? error.message : "The process does not answer.");
  }
  if (!document.hidden) timer = setTimeout(look, PERIOD);
}

at("login").addEventListener("submit", (event) => {
  event.preventDefault();
  token = at("token").value;
  at("token").value = "";
  notice("");
  look();
});

at("halt").addEventListener("submit", async (event) => {
  event.preventDefault();
  const order = event.submitter.value;
  const { symbol, reason } = Object.fromEntries(new FormData(event.target));
  const body = order === "halt" ? { reason } : undefined;
  const path = `admin/symbols/${encodeURIComponent(symbol.trim().toUpperCase())}/${order}`;
  if (await attempt(() => ask(path, "POST", body))) event.target.reset();
});

document.addEventListener("visibilitychange", look);
look();
