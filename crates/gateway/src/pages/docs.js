// The reference: everything on it comes from /openapi.json of the same platform.

import { inline, make, prose } from "./dom.js";
import { field, fields, resolve, typed, use } from "./schema.js";
import { form } from "./try.js";

const byId = (id) => document.getElementById(id);
const METHODS = ["get", "post", "put", "patch", "delete"];
let contract;
let operations = [];

async function begin() {
  const response = await fetch("/openapi.json");
  contract = await response.json();
  use(contract);
  operations = Object.entries(contract.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => ({ path, method, operation: item[method] })));
  byId("version").textContent = contract.info.version;
  byId("search").addEventListener("input", contents);
  addEventListener("hashchange", show);
  contents();
  show();
}

/** Tags by the role that serves them, in the order of the document. */
function groups() {
  const roles = new Map();
  for (const tag of contract.tags) {
    const [role] = tag.name.split(".");
    roles.set(role, [...(roles.get(role) ?? []), tag]);
  }
  return roles;
}

/** The standard verbs first, in the order of a record's life. */
const VERBS = ["Get", "List", "Create", "Update", "Retire"];
const rank = ({ operation }) => (VERBS.findIndex((verb) => operation.operationId.split("_")[1].startsWith(verb)) + VERBS.length + 1) % (VERBS.length + 1);
const ofTag = (tag) => operations.filter(({ operation }) => operation.tags.includes(tag.name)).sort((one, other) => rank(one) - rank(other));
const title = (name) => name.replace(/([a-z])([A-Z])/g, "$1 $2");

function found({ path, operation }, words) {
  const text = `${path} ${operation.operationId} ${operation.summary} ${operation.tags}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function contents() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const here = location.hash.slice(1);
  const sections = [...groups()].map(([role, tags]) => {
    const shown = tags.map((tag) => [tag, ofTag(tag).filter((one) => found(one, words))]).filter(([, some]) => some.length);
    if (!shown.length) return null;
    return [make("h2", {}, role), shown.map(([tag, some]) => {
      const open = words.length > 0 || some.some(({ operation }) => operation.operationId === here);
      return make("details", { open }, make("summary", {}, title(tag.name.split(".")[1])), make("ul", {}, some.map(entry)));
    })];
  });
  byId("contents").replaceChildren(...sections.flat(Infinity).filter(Boolean));
  mark();
}

function entry({ method, operation }) {
  return make("li", {}, make("a", { href: `#${operation.operationId}`, title: operation.summary },
    make("span", { class: `verb ${method}` }, method), make("span", {}, title(operation.operationId.split("_")[1]))));
}

function mark() {
  for (const link of byId("contents").querySelectorAll("a")) {
    const current = link.getAttribute("href") === location.hash;
    link.toggleAttribute("aria-current", current);
    if (current) link.closest("details").open = true;
  }
}

function show() {
  const one = operations.find(({ operation }) => operation.operationId === location.hash.slice(1));
  const main = byId("main");
  main.replaceChildren(...(one ? page(one) : overview()));
  document.title = one ? `${title(one.operation.operationId.split("_")[1])} · NGKT API` : "NGKT API reference";
  scrollTo(0, 0);
  mark();
  if (one) main.focus({ preventScroll: true });
}

function overview() {
  const roles = [...groups()].map(([role, tags]) => [
    make("h2", {}, title(role[0].toUpperCase() + role.slice(1))),
    make("div", { class: "cards" }, tags.map((tag) => {
      const [first] = ofTag(tag);
      return make("a", { class: "card", href: `#${first.operation.operationId}` },
        make("b", {}, title(tag.name.split(".")[1])), make("span", {}, tag.description ?? ""));
    })),
  ]);
  return [make("h1", {}, contract.info.summary ?? contract.info.title), ...prose(contract.info.description), ...roles.flat()];
}

function page(one) {
  const { path, method, operation } = one;
  const parameters = (operation.parameters ?? []).map(resolve);
  const open = operation.security?.some((way) => Object.keys(way).length === 0);
  const [text] = operation.description.split("\n\n**Access**");
  return [
    make("h1", {}, operation.summary),
    make("div", { class: "path" }, make("span", { class: `verb ${method}` }, method),
      path.split(/(\{[^}]+\})/).map((part) => (part.startsWith("{") ? make("b", {}, part) : part))),
    make("div", { class: "facts" },
      make("span", { class: `fact ${open ? "open" : "closed"}` }, `Access: ${operation["x-access"].replace(/\.$/, "")}`),
      operation["x-change"] && make("span", { class: "fact" }, `Writes ${operation["x-change"]} to the change log`),
      make("span", { class: "fact" }, `gRPC ${operation["x-rpc"].slice(1)}`)),
    ...prose(text),
    ...asked(operation, parameters),
    ...answered(operation),
    make("h2", {}, "Try it"),
    form({ ...one, parameters, token: () => byId("token").value.trim() }),
  ];
}

function asked(operation, parameters) {
  const sections = [["path", "In the path"], ["query", "In the query"], ["header", "In the head"]].map(([place, heading]) => {
    const some = parameters.filter((parameter) => parameter.in === place);
    return some.length ? [make("h3", {}, heading), make("div", { class: "fields" }, some.map((parameter) =>
      field(parameter.name, parameter.schema, { required: parameter.required && place !== "path", description: parameter.description })))] : [];
  });
  const media = operation.requestBody?.content?.["application/json"];
  if (media) sections.push([make("h3", {}, `Body: ${typed(media.schema)}`), fields(media.schema)]);
  const all = sections.flat();
  return all.length ? [make("h2", {}, "Request"), ...all] : [];
}

function answered(operation) {
  const [kind, media] = Object.entries(operation.responses["200"].content ?? {})[0] ?? [];
  const success = media && [
    make("h3", {}, kind === "text/event-stream" ? `Events: ${typed(media.schema)}` : typed(media.schema)),
    ...prose(operation.responses["200"].description),
    fields(media.schema),
  ];
  const rows = Object.entries(operation.responses).filter(([status]) => status !== "200").flatMap(([status, response]) =>
    (resolve(response)["x-reasons"] ?? []).map((reason) => make("tr", {},
      make("td", {}, status), make("td", {}, make("code", {}, reason.reason)), make("td", {}, inline(reason.meaning ?? "")))));
  return [
    make("h2", {}, "Answer"), ...(success ?? []),
    make("h2", {}, "Failures"),
    make("table", {}, make("thead", {}, make("tr", {}, ["Status", "Reason", "Meaning"].map((head) => make("th", {}, head)))), make("tbody", {}, rows)),
  ];
}

begin().catch((error) => byId("main").replaceChildren(make("p", { class: "status bad" }, `The document could not be read: ${error}`)));
