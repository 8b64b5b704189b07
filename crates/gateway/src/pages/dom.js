// Builds elements. Text is only ever set as text: nothing from the document or from an answer becomes markup.

/** An element with attributes and children; children may be nodes, texts, lists of them, or nothing. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

/** Text with `code` and **strong** words. */
export function inline(text) {
  return String(text).split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (part.startsWith("`")) return make("code", {}, part.slice(1, -1));
    if (part.startsWith("**")) return make("strong", {}, part.slice(2, -2));
    return part;
  });
}

/** Paragraphs and lists, as the descriptions of the document have them. */
export function prose(text) {
  return String(text ?? "").split(/\n\n+/).filter(Boolean).map((block) => {
    if (!block.startsWith("- ")) return make("p", {}, inline(block));
    return make("ul", {}, block.split(/\n(?=- )/).map((item) => make("li", {}, inline(item.slice(2)))));
  });
}
