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
  { name: "feature-usage", query: { by: "feature" }, sortBy: "uses" },
  { name: "ledger", query: {}, newestFirst: true },
];
const ROWS = 20;

function say(text, failed = false) {
  status.textContent = text;
  status.classList.toggle("error", failed);
}

async function api(path, query = {}) {
  const address = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
  const answer = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail ?? answer.statusText);
  return body;
}

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function shown(value, column) {
  if (value === null || value === undefined) return "–";
  if (column.type === "ratio") return `${(value * 100).toFixed(2)} %`;
  if (column.unit === "µs") return `${(value / 1000).toFixed(1)} ms`;
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
      line.append(element("td", shown(row[column.name], column), numeric(column)));
    }
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
    const notes = [until ? `complete until ${until}` : "not analyzed yet"];
    if (reply.withheld_groups) notes.push(`${reply.withheld_groups} groups of too few persons withheld`);
    if (reply.rows.length > ROWS) notes.push(`${ROWS} of ${reply.rows.length} rows`);
    section.append(element("p", notes.join(" · "), "note"));
  } catch (error) {
    section.append(element("p", error.message));
  }
  return section;
}

async function showProduct(product, catalogue) {
  document.getElementById("product").textContent = product;
  say("loading …");
  const sections = await Promise.all(
    REPORTS.map((report) => show(report, catalogue.find((d) => d.name === report.name), product)),
  );
  document.getElementById("reports").replaceChildren(...sections);
  say("");
}

async function start() {
  if (!token) {
    say("Open this page with your token: http://" + location.host + "/#token=… (it is in the data folder, secrets/token)", true);
    return;
  }
  try {
    const catalogue = (await api("/v1/reports")).reports;
    const products = (await api("/v1/products")).products.map((product) => product.product);
    const choice = document.getElementById("products");
    choice.replaceChildren(...products.map((id) => element("option", id)));
    document.getElementById("choose").hidden = products.length < 2;
    choice.addEventListener("change", () => showProduct(choice.value, catalogue));
    await showProduct(products[0], catalogue);
  } catch (error) {
    say(error.message, true);
  }
}

start();
