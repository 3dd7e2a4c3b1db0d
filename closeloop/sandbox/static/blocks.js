// Block Kit blocks to DOM nodes. What is interactive is in elements.js.

import { h } from "./dom.js";
import { element } from "./elements.js";
import { link, mrkdwn, textObject } from "./mrkdwn.js";
import { channelName, nameOf } from "./store.js";

const RENDER = {
  header: (block) => h("h3", { class: "b-header" }, textObject(block.text)),
  divider: () => h("hr"),
  section,
  context: (block) => h("div", { class: "b-context" }, block.elements.map(contextPart)),
  actions: (block, host) => h("div", { class: "b-actions" }, block.elements.map((part) => element(part, block, host))),
  image: (block) => h("figure", { class: "b-image" }, block.title && h("figcaption", {}, textObject(block.title)), picture(block)),
  markdown: (block) => h("div", { class: "b-section" }, mrkdwn(block.text)),
  rich_text: (block) => h("div", { class: "b-section" }, block.elements.map(richText)),
  input,
};

/** Nodes of a list of blocks. `host` takes the clicks and keeps what is typed, see elements.js. */
export function renderBlocks(blocks, host) {
  return blocks.map((block) => {
    const render = RENDER[block.type] ?? ((other) => h("div", { class: "b-context" }, `[${other.type}]`));
    const node = render(block, host);
    node.dataset.block = block.block_id;
    return node;
  });
}

function section(block, host) {
  return h(
    "div",
    { class: block.accessory ? "b-section with-accessory" : "b-section" },
    h(
      "div",
      { class: "b-body" },
      block.text && h("div", { class: "b-text" }, textObject(block.text)),
      block.fields && h("div", { class: "b-fields" }, block.fields.map((field) => h("div", {}, textObject(field)))),
    ),
    block.accessory && (block.accessory.type === "image" ? picture(block.accessory) : element(block.accessory, block, host)),
  );
}

function contextPart(part) {
  return part.type === "image" ? picture(part) : h("span", {}, textObject(part));
}

/** No picture is fetched from anywhere: the sandbox shows what a screen reader would say. */
function picture(part) {
  return h("span", { class: "picture", role: "img", "aria-label": part.alt_text, title: part.alt_text }, "🖼 ", part.alt_text);
}

function input(block, host) {
  const error = host.errors?.[block.block_id];
  const control = element(block.element, block, host);
  const id = `e-${block.block_id}`;
  return h(
    "div",
    { class: error ? "b-input invalid" : "b-input" },
    h("label", { for: `i-${block.block_id}` }, textObject(block.label), block.optional && h("small", {}, " (optional)")),
    control,
    error && h("p", { class: "error", role: "alert", id }, error),
    block.hint && h("p", { class: "hint" }, textObject(block.hint)),
  );
}

function richText(part) {
  const inner = () => part.elements.map(richText);
  switch (part.type) {
    case "rich_text_section": return h("div", {}, inner());
    case "rich_text_quote": return h("blockquote", {}, inner());
    case "rich_text_preformatted": return h("pre", {}, inner());
    case "rich_text_list":
      return h(part.style === "ordered" ? "ol" : "ul", {}, part.elements.map((item) => h("li", {}, richText(item))));
    case "link": return link(part.url, part.text);
    case "user": return h("span", { class: "mention" }, `@${nameOf(part.user_id) ?? part.user_id}`);
    case "channel": return h("span", { class: "mention" }, `#${channelName(part.channel_id) ?? part.channel_id}`);
    case "broadcast": return h("span", { class: "mention me" }, `@${part.range}`);
    case "emoji": return mrkdwn(`:${part.name}:`)[0] ?? "";
    default: return styled(part);
  }
}

function styled(part) {
  let node = part.text ?? "";
  for (const [style, tag] of [["bold", "strong"], ["italic", "em"], ["strike", "del"], ["code", "code"]]) {
    if (part.style?.[style]) node = h(tag, {}, node);
  }
  return node;
}
