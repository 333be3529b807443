// Shows the reports as tables. The token comes in the address's fragment, which browsers do not
// send, and is kept for this tab only.

const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  sessionStorage.setItem("token", given);
  history.replaceState(null, "", location.pathname);
}
const token = sessionStorage.getItem("token");
const status = document.getElementById("status");

const REPORTS = [
  { name: "release-health", query: { by: "version" } },
  { name: "active-users", query: {}, newestFirst: true },
  // Of many, since the most used are looked for among them.
  { name: "feature-usage", query: { by: "feature", limit: 5000 }, sortBy: "uses" },
  { name: "ledger", query: {}, newestFirst: true },
];
const ROWS = 20;

class WrongToken extends Error {}

function say(text, failed = false) {
  status.textContent = text;
  status.classList.toggle("error", failed);
}

function tellToken(why) {
  say(`${why} Open http://${location.host}/#token=… with the token of the data folder (secrets/token).`, true);
}

async function api(path, query = {}) {
  const address = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
  const answer = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
  const body = await answer.json();
  if (answer.status === 401) throw new WrongToken();
  if (!answer.ok) throw new Error(body.detail ?? answer.statusText);
  return body;
}

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function duration(ms) {
  return ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

// 2026-11-25T19:02:59.638195Z, as people write it.
function instant(text) {
  return text.replace("T", " ").replace(/(:\d\d)(\.\d+)?Z$/, "$1 UTC");
}

function counted(n, one, many) {
  return `${n} ${n === 1 ? one : many}`;
}

function shown(value, column) {
  if (value === null || value === undefined) return "–";
  if (column.type === "ratio") return `${(value * 100).toFixed(2)} %`;
  if (column.type === "boolean") return value ? "yes" : "no";
  if (column.unit === "µs") return duration(value / 1000);
  return typeof value === "number" ? value.toLocaleString("en") : String(value);
}

function table(reply, report) {
  const used = reply.columns;
  const rows = [...reply.rows];
  if (report.newestFirst) rows.reverse();
  if (report.sortBy) rows.sort((a, b) => b[report.sortBy] - a[report.sortBy]);
  const made = element("table");
  const head = made.createTHead().insertRow();
  const numeric = (column) => (["integer", "ratio"].includes(column.type) ? "number" : "");
  for (const column of used) {
    const cell = element("th", column.name.replace(/_us$/, "").replaceAll("_", " "), numeric(column));
    cell.title = column.meaning;
    cell.scope = "col";
    head.append(cell);
  }
  const body = made.createTBody();
  for (const row of rows.slice(0, ROWS)) {
    const line = body.insertRow();
    for (const column of used) {
      const value = row[column.name];
      const off = column.type === "boolean" && value === false;
      line.append(element("td", shown(value, column), off ? "off" : numeric(column)));
    }
  }
  if (!rows.length) {
    const cell = element("td", "nothing to show", "note");
    cell.colSpan = used.length;
    body.insertRow().append(cell);
  }
  return made;
}

async function show(report, description, product) {
  const section = element("section");
  section.append(element("h2", description.title), element("p", description.question, "note"));
  try {
    const reply = await api(`/v1/reports/${report.name}`, { product, ...report.query });
    const box = element("div", undefined, "scroll");
    box.append(table(reply, report));
    section.append(box);
    const until = reply.freshness?.complete_until;
    const notes = [`${reply.from} to ${reply.to}`, until ? `complete until ${instant(until)}` : "not analyzed yet"];
    const withheld = counted(reply.withheld_groups, "group", "groups");
    if (reply.withheld_groups) notes.push(`${withheld} of fewer persons than the product's min users withheld`);
    if (reply.rows.length > ROWS) notes.push(`${ROWS} of ${reply.rows.length} rows`);
    section.append(element("p", notes.join(" · "), "note"));
  } catch (error) {
    section.append(element("p", error.message));
  }
  return section;
}

async function showProduct(product, catalogue) {
  say("loading …");
  const sections = await Promise.all(
    REPORTS.map((report) => show(report, catalogue.find((d) => d.name === report.name), product)),
  );
  document.getElementById("reports").replaceChildren(...sections);
  say("");
}

async function start() {
  if (!token) {
    tellToken("This page needs your token.");
    return;
  }
  try {
    const catalogue = (await api("/v1/reports")).reports;
    const products = (await api("/v1/products")).products.map((product) => product.product);
    if (!products.length) throw new Error("No product is registered: logbook product add ID");
    const choice = document.getElementById("products");
    choice.replaceChildren(...products.map((id) => element("option", id)));
    document.getElementById("choose").hidden = products.length < 2;
    document.getElementById("product").textContent = products.length < 2 ? products[0] : "";
    choice.addEventListener("change", () => showProduct(choice.value, catalogue));
    await showProduct(products[0], catalogue);
  } catch (error) {
    if (!(error instanceof WrongToken)) return say(error.message, true);
    sessionStorage.removeItem("token");
    tellToken("The token is not valid here.");
  }
}

// Another token in the address of a page that is open.
addEventListener("hashchange", () => location.reload());
start();
