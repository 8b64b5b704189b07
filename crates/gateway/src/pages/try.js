// Sends a request to this platform and shows what comes back.

import { make } from "./dom.js";
import { example, resolve } from "./schema.js";

const SHOWN_MAX = 200_000;

/** The form of an operation. `token` tells the bearer token, which stays in this page. */
export function form({ method, path, operation, parameters, token }) {
  const rows = parameters.map((parameter) => ({ parameter, input: control(parameter) }));
  const media = operation.requestBody?.content?.["application/json"];
  const body = media && make("textarea", { spellcheck: "false", "aria-label": "Body" });
  if (body) body.value = JSON.stringify(example(media.schema), null, 2);
  const answer = make("div", { "aria-live": "polite" });
  const send = make("button", { class: "send", type: "submit" }, "Send");
  const stop = make("button", { type: "button", disabled: true }, "Stop");
  const streams = Boolean(operation.responses["200"].content?.["text/event-stream"]);
  const request = () => build(method, path, rows, body, token());
  const element = make("form", { class: "try" },
    rows.map(({ parameter, input }) => make("label", { class: "row" }, make("span", {}, parameter.name, parameter.required && make("span", { class: "need" }, "required")), input)),
    body && make("div", {}, make("h3", {}, "Body"), body),
    make("div", { class: "buttons" }, send, streams && stop),
    answer);
  let running;
  stop.addEventListener("click", () => running?.abort());
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    running = new AbortController();
    [send.disabled, stop.disabled] = [true, false];
    await run(request(), running.signal, answer);
    [send.disabled, stop.disabled] = [false, true];
  });
  return element;
}

function control(parameter) {
  const schema = resolve(parameter.schema);
  const many = schema.type === "array";
  const choice = many ? resolve(schema.items) : schema;
  if (choice.enum || choice.type === "boolean") {
    const options = ["", ...(choice.enum ?? ["true", "false"])];
    return make("select", { multiple: many }, options.map((option) => make("option", { value: option }, option)));
  }
  const hint = schema.examples?.[0] ?? (many ? "several with commas between" : "");
  return make("input", { placeholder: hint, required: parameter.in === "path", autocomplete: "off" });
}

function given({ parameter, input }) {
  if (input.multiple) return [...input.selectedOptions].map((option) => option.value).filter(Boolean);
  const many = resolve(parameter.schema).type === "array";
  return (many ? input.value.split(",") : [input.value]).map((value) => value.trim()).filter(Boolean);
}

function build(method, path, rows, body, token) {
  const headers = {};
  const query = new URLSearchParams();
  let address = path;
  for (const row of rows) {
    for (const value of given(row)) {
      if (row.parameter.in === "path") address = address.replace(`{${row.parameter.name}}`, encodeURIComponent(value));
      else if (row.parameter.in === "query") query.append(row.parameter.name, value);
      else headers[row.parameter.name] = value;
    }
  }
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body) headers["Content-Type"] = "application/json";
  const search = query.toString();
  return { url: address + (search ? `?${search}` : ""), method: method.toUpperCase(), headers, body: body?.value };
}

/** The same request for a shell; the token stays out of it. */
function curl({ url, method, headers, body }) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const told = Object.entries(headers).map(([name, value]) =>
    name === "Authorization" ? '-H "Authorization: Bearer $TOKEN"' : `-H ${quoted(`${name}: ${value}`)}`);
  const parts = ["curl", method === "GET" ? null : `-X ${method}`, quoted(location.origin + url), ...told, body && `-d ${quoted(body)}`];
  return parts.filter(Boolean).join(" \\\n  ");
}

async function run(request, signal, answer) {
  const command = make("details", {}, make("summary", {}, "As a command"), make("pre", {}, curl(request)));
  const begin = performance.now();
  try {
    const response = await fetch(request.url, { ...request, signal, cache: "no-store", credentials: "omit" });
    const status = make("span", { class: `status ${response.ok ? "good" : "bad"}` }, `${response.status} ${response.statusText}`);
    const facts = make("p", {}, status, ` · ${Math.round(performance.now() - begin)} ms`,
      ["trace-id", "etag", "retry-after"].filter((name) => response.headers.has(name)).map((name) => ` · ${name} ${response.headers.get(name)}`));
    const shown = make("pre", {}, "");
    answer.replaceChildren(facts, shown, command);
    await read(response, shown);
  } catch (error) {
    if (error.name !== "AbortError") answer.replaceChildren(make("p", { class: "status bad" }, String(error)), command);
  }
}

async function read(response, shown) {
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
    const text = await response.text();
    shown.textContent = cut(pretty(text));
    return;
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    shown.textContent = (shown.textContent + piece.value).slice(-SHOWN_MAX);
    shown.scrollTop = shown.scrollHeight;
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function cut(text) {
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}\n… ${text.length - SHOWN_MAX} characters more` : text;
}
