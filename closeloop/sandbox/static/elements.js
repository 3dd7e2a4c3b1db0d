// Interactive elements: buttons, menus, pickers, inputs.
//
// A host is `{ typed, errors, click(element, block, value) }`: `typed` is `{block_id: {action_id: value}}`, `click`
// tells the app and resolves to "" or to what went wrong. In a modal the host has `form: true`: inputs then only
// keep their value until the modal is submitted, unless the block dispatches actions.

import { h } from "./dom.js";
import { ask } from "./confirm.js";
import { textObject } from "./mrkdwn.js";
import { withEmoji } from "./emoji.js";
import { fromWallClock, toWallClock } from "./moments.js";
import { people, store } from "./store.js";

/** The plain value of an element's state as payloads carry it; undefined if nothing was chosen. */
export function valueOfState(state) {
  if (!state) return undefined;
  if (state.selected_option) return state.selected_option.value;
  if (state.selected_options) return state.selected_options.map((option) => option.value);
  for (const [name, value] of Object.entries(state)) {
    if (name !== "type" && value !== null) return value;
  }
  return undefined;
}

function initial(part) {
  if (part.initial_option) return part.initial_option.value;
  if (part.initial_options) return part.initial_options.map((option) => option.value);
  for (const name of ["initial_value", "initial_user", "initial_users", "initial_channel", "initial_conversation", "initial_date", "initial_time", "initial_date_time"]) {
    if (part[name] !== undefined) return part[name];
  }
  return undefined;
}

function current(part, block, host) {
  const typed = host.typed[block.block_id];
  return typed && part.action_id in typed ? typed[part.action_id] : initial(part);
}

function keep(part, block, host, value) {
  (host.typed[block.block_id] ??= {})[part.action_id] = value;
}

/** Whether a change of the element is told to the app at once. */
function dispatches(block, host) {
  return block.type !== "input" || (block.dispatch_action ?? false) || !host.form;
}

/** Tell the app; meanwhile the control is busy, and if it fails a warning sign stands beside it. */
async function tell(control, part, block, host, value) {
  if (part.confirm && !(await ask(part.confirm))) return;
  const shell = control.closest(".control");
  shell.querySelector(".failed")?.remove();
  shell.classList.add("busy");
  const problem = await host.click(part, block, value);
  shell.classList.remove("busy");
  if (problem) {
    shell.append(h("span", { class: "failed", role: "alert", tabindex: "0", "aria-label": problem, dataset: { problem } }, "⚠"));
  }
}

/** The node of one element. */
export function element(part, block, host) {
  const make = MAKE[part.type] ?? text;
  const control = make(part, block, host);
  return h("span", { class: `control c-${part.type}`, dataset: { action: part.action_id } }, control);
}

const MAKE = {
  button,
  overflow,
  static_select: (part, block, host) => select(part, block, host, groupsOf(part)),
  multi_static_select: (part, block, host) => select(part, block, host, groupsOf(part), true),
  users_select: (part, block, host) => select(part, block, host, everybody()),
  multi_users_select: (part, block, host) => select(part, block, host, everybody(), true),
  channels_select: (part, block, host) => select(part, block, host, rooms()),
  conversations_select: (part, block, host) => select(part, block, host, rooms()),
  checkboxes: (part, block, host) => choices(part, block, host, "checkbox"),
  radio_buttons: (part, block, host) => choices(part, block, host, "radio"),
  datepicker: (part, block, host) => picker(part, block, host, "date"),
  timepicker: (part, block, host) => picker(part, block, host, "time"),
  datetimepicker: moment,
  plain_text_input: text,
};

function button(part, block, host) {
  const name = `button ${part.style ?? ""}`;
  const click = (event) => {
    if (part.url) window.open(part.url, "_blank", "noopener");
    tell(event.currentTarget, part, block, host, part.value ?? null);
  };
  return h("button", { type: "button", class: name, onclick: click, "aria-label": part.accessibility_label }, textObject(part.text));
}

function overflow(part, block, host) {
  const menu = h("div", { class: "menu", role: "menu", hidden: true });
  const opener = h("button", { type: "button", class: "button more", "aria-label": "More actions", "aria-haspopup": "menu" }, "⋯");
  const shut = (event) => {
    if (event && menu.parentElement?.contains(event.target)) return;
    menu.hidden = true;
    opener.setAttribute("aria-expanded", "false");
    document.removeEventListener("click", shut);
  };
  opener.setAttribute("aria-expanded", "false");
  opener.addEventListener("click", () => {
    if (!menu.hidden) return shut();
    menu.hidden = false;
    opener.setAttribute("aria-expanded", "true");
    const room = window.innerHeight - opener.getBoundingClientRect().bottom;
    menu.classList.toggle("above", room < menu.offsetHeight + 80);
    menu.querySelector("button").focus();
    setTimeout(() => document.addEventListener("click", shut));
    return undefined;
  });
  menu.append(
    ...part.options.map((option) =>
      h(
        "button",
        {
          type: "button",
          role: "menuitem",
          dataset: { value: option.value },
          onclick: () => {
            shut();
            if (option.url) window.open(option.url, "_blank", "noopener");
            tell(opener, part, block, host, option.value);
          },
        },
        textObject(option.text),
      ),
    ),
  );
  menu.addEventListener("keydown", (event) => {
    const items = [...menu.children];
    const at = items.indexOf(document.activeElement);
    if (event.key === "Escape") {
      shut();
      opener.focus();
    } else if (event.key === "ArrowDown") items[(at + 1) % items.length].focus();
    else if (event.key === "ArrowUp") items[(at + items.length - 1) % items.length].focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return h("span", { class: "overflow" }, opener, menu);
}

function groupsOf(part) {
  const options = (list) => list.map((option) => ({ value: option.value, label: withEmoji(option.text.text) }));
  if (part.option_groups) return part.option_groups.map((group) => ({ label: group.label.text, options: options(group.options) }));
  return [{ options: options(part.options ?? []) }];
}

function everybody() {
  return [{ options: people().map((user) => ({ value: user.id, label: user.real_name })) }];
}

function rooms() {
  const listed = [...store.channels.values()].filter((channel) => !channel.is_im && !channel.is_archived);
  return [{ options: listed.map((channel) => ({ value: channel.id, label: `#${channel.name}` })) }];
}

function select(part, block, host, groups, multiple = false) {
  const chosen = current(part, block, host);
  const isChosen = (value) => (multiple ? (chosen ?? []).includes(value) : chosen === value);
  const option = ({ value, label }) => h("option", { value, selected: isChosen(value) }, label);
  const hint = withEmoji(part.placeholder?.text ?? "Choose…");
  const control = h(
    "select",
    { id: `i-${block.block_id}`, class: "select", multiple, "aria-label": part.placeholder?.text ?? block.label?.text ?? "Choose" },
    multiple ? null : h("option", { value: "", selected: chosen === undefined, disabled: !block.optional, hidden: !block.optional }, hint),
    groups.map((group) => (group.label ? h("optgroup", { label: group.label }, group.options.map(option)) : group.options.map(option))),
  );
  control.addEventListener("change", () => {
    const value = multiple ? [...control.selectedOptions].map((item) => item.value) : control.value;
    keep(part, block, host, value);
    if (dispatches(block, host)) tell(control, part, block, host, value);
  });
  return control;
}

function choices(part, block, host, type) {
  const chosen = [current(part, block, host) ?? []].flat();
  const group = h("div", { class: "choices", role: type === "radio" ? "radiogroup" : "group", id: `i-${block.block_id}` });
  const name = `${block.block_id}.${part.action_id}.${Math.random()}`;
  for (const option of part.options) {
    const box = h("input", { type, name, value: option.value, checked: chosen.includes(option.value) });
    const note = option.description && h("small", {}, textObject(option.description));
    group.append(h("label", {}, box, h("span", {}, textObject(option.text), note)));
  }
  group.addEventListener("change", () => {
    const values = [...group.querySelectorAll("input:checked")].map((box) => box.value);
    const value = type === "radio" ? values[0] : values;
    keep(part, block, host, value);
    if (dispatches(block, host)) tell(group, part, block, host, value);
  });
  return group;
}

function picker(part, block, host, type) {
  const control = h("input", { type, class: "field", id: `i-${block.block_id}`, value: current(part, block, host), "aria-label": part.placeholder?.text });
  control.addEventListener("change", () => {
    keep(part, block, host, control.value);
    if (dispatches(block, host) && control.value) tell(control, part, block, host, control.value);
  });
  return control;
}

function moment(part, block, host) {
  const seconds = current(part, block, host);
  const control = h("input", { type: "datetime-local", class: "field", id: `i-${block.block_id}`, value: seconds ? toWallClock(seconds) : "" });
  control.addEventListener("change", () => {
    const value = control.value ? fromWallClock(control.value) : null;
    keep(part, block, host, value);
    if (dispatches(block, host) && value) tell(control, part, block, host, value);
  });
  return control;
}

const KINDS = { email_text_input: "email", url_text_input: "url", number_input: "number" };

function text(part, block, host) {
  const attributes = {
    class: "field",
    id: `i-${block.block_id}`,
    placeholder: part.placeholder?.text,
    maxlength: part.max_length,
    autofocus: part.focus_on_load,
  };
  const control = part.multiline ? h("textarea", { ...attributes, rows: 4 }) : h("input", { ...attributes, type: KINDS[part.type] ?? "text" });
  control.value = current(part, block, host) ?? "";
  control.addEventListener("input", () => keep(part, block, host, control.value));
  control.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !part.multiline && block.dispatch_action) {
      event.preventDefault();
      tell(control, part, block, host, control.value);
    }
  });
  return control;
}
