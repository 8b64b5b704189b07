// Schemas of the document: looked up, shown as fields, and made into examples.

import { inline, make } from "./dom.js";

let all = {};

/** Sets the document that references are looked up in. */
export function use(contract) {
  all = contract;
}

/** What a reference leads to, with what stands beside the reference; a schema without one as it is. */
export function resolve(schema) {
  if (schema?.allOf) return schema.allOf.map(resolve).reduce((one, other) => ({ ...one, ...other }), {});
  if (!schema?.$ref) return schema ?? {};
  const found = schema.$ref.slice(2).split("/").reduce((at, step) => at?.[step.replaceAll("~1", "/").replaceAll("~0", "~")], all);
  const { $ref, ...beside } = schema;
  return { ...resolve(found), ...beside, called: $ref.split("/").pop() };
}

/** The type in words. */
export function typed(schema) {
  const found = resolve(schema);
  if (found.type === "array") return `list of ${typed(found.items)}`;
  if (found.enum) return "enum";
  if (found.additionalProperties && !found.properties) return "map";
  if (found.type === "object") return found.called?.split(".").pop() ?? "object";
  if (found.contentEncoding) return found.contentEncoding;
  return [found.type ?? "any value", found.format].filter(Boolean).join(" · ");
}

function bounds(schema) {
  const found = resolve(schema);
  const items = found.type === "array" ? resolve(found.items) : {};
  const told = [
    ["≥", found.minimum], [">", found.exclusiveMinimum], ["≤", found.maximum], ["<", found.exclusiveMaximum],
    ["characters ≥", found.minLength], ["characters ≤", found.maxLength], ["items ≥", found.minItems], ["items ≤", found.maxItems], ["matches", found.pattern], ["matches", items.pattern], ["refers to", found["x-references"]],
  ];
  const words = told.filter(([, value]) => value !== undefined).map(([word, value]) => [`${word} `, make("code", {}, value), "  "]);
  return words.length ? make("p", { class: "bounds" }, words) : null;
}

function values(schema) {
  const found = resolve(schema);
  const choice = found.enum ? found : found.type === "array" ? resolve(found.items) : {};
  if (!choice.enum) return null;
  const meanings = choice["x-meanings"] ?? {};
  return make("dl", { class: "values" }, choice.enum.map((value) => [
    make("dt", {}, make("code", {}, value)), make("dd", {}, meanings[value] ?? ""),
  ]));
}

/** One field or parameter. `trail` holds the messages around it, so that one within itself is not shown without end. */
export function field(name, schema, { required = false, description, trail = [] } = {}) {
  const found = resolve(schema);
  const inner = found.type === "array" ? resolve(found.items) : found;
  const nested = inner.properties && !trail.includes(inner.called);
  const notes = [found.readOnly && "set by the server", found["x-immutable"] && "never changes"].filter(Boolean);
  return make("div", { class: "field" },
    make("span", { class: "name" }, name),
    make("span", { class: "type" }, typed(schema)),
    required && make("span", { class: "need" }, "required"),
    notes.map((note) => make("span", { class: "note" }, note)),
    (description ?? schema.description ?? found.description) && make("p", {}, inline(description ?? schema.description ?? found.description)),
    bounds(schema),
    values(schema),
    nested && disclosure(inner, trail));
}

/** The fields of a message that is only shown when it is opened. */
function disclosure(schema, trail) {
  const count = Object.keys(schema.properties).length;
  const details = make("details", {}, make("summary", {}, `${count} ${count === 1 ? "field" : "fields"}`));
  details.addEventListener("toggle", () => details.append(fields(schema, [...trail, schema.called])), { once: true });
  return details;
}

/** All fields of a message. */
export function fields(schema, trail = []) {
  const found = resolve(schema);
  const required = found.required ?? [];
  const shown = Object.entries(found.properties ?? {}).map(([name, inner]) =>
    field(name, inner, { required: required.includes(name), trail: [...trail, found.called] }));
  return make("div", { class: "fields" }, shown.length ? shown : make("div", { class: "field" }, make("span", { class: "type" }, typed(schema))));
}

/** An example of what a client may send: what must be given, or else a little of what can be. */
export function example(schema, depth = 0) {
  const found = resolve(schema);
  if (found.examples) return found.examples[0];
  if (found.enum) return found.enum.find((value) => !value.endsWith("_UNSPECIFIED")) ?? found.enum[0];
  if (found.type === "array") return depth > 2 ? [] : [example(found.items, depth + 1)];
  if (found.type === "boolean") return false;
  if (found.type === "integer" || found.type === "number") return found.minimum ?? 1;
  if (found.type === "string") return found["x-references"] ? reference(found["x-references"]) : found.format === "int64" ? "1" : "";
  const members = Object.entries(found.properties ?? {}).filter(([, inner]) => !resolve(inner).readOnly);
  const needed = members.filter(([name]) => found.required?.includes(name));
  const chosen = needed.length ? needed : depth > 0 ? members.slice(0, 1) : members.slice(0, 4);
  return Object.fromEntries(chosen.map(([name, inner]) => [name, example(inner, depth + 1)]));
}

function reference(type) {
  const word = type.split("/").pop();
  return word === "*" ? "" : `${word[0].toLowerCase()}${word.slice(1)}s/…`;
}
