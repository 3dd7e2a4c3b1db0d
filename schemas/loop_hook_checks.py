"""Whether the hooks of a loop.yaml can work: names, paths, metrics and scales that fit, signatures that are whole."""

import re
from collections.abc import Iterator, Mapping

from schemas.config import Loop
from schemas.config_base import Scalar, seconds
from schemas.config_hooks import Conditions, Hook, HookResponse, HookSignature, HookTouchpoint
from schemas.json_paths import PathError, compile_path, is_path
from schemas.scales import DEFAULT_METRICS, MetricSpec, Scale
from schemas.typed_walk import Misfit, unknown_word
from schemas.yaml_source import Path

MAX_HOOKS = 100
MAX_TOLERANCE_S = 3600
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")
_SITES = {"qualtrics": re.compile(r"[a-z0-9][a-z0-9-]{0,31}"), "surveymonkey": re.compile(r"us|eu|ca")}
_SITE_REMEDY = {
    "qualtrics": "give the data centre id that stands before .qualtrics.com, such as fra1",
    "surveymonkey": "give us, eu or ca",
}


def check_hooks(loop: Loop) -> Iterator[Misfit]:
    """What is wrong with ``hooks``."""
    if len(loop.hooks) > MAX_HOOKS:
        yield ("hooks",), f"{len(loop.hooks)} hooks; give at most {MAX_HOOKS}"
    specs = {**DEFAULT_METRICS, **_declared(loop)}
    for name, hook in loop.hooks.items():
        path: Path = ("hooks", name)
        if not _NAME.fullmatch(name):
            yield path, "give a name of small letters, digits and _, at most 32 characters"
        yield from _check_hook(hook, path)
        yield from _check_mappings(hook, specs, path)


def _declared(loop: Loop) -> dict[str, MetricSpec]:
    return {
        name: MetricSpec(one.kind, Scale(one.scale[0], one.scale[1], one.higher_is_better))
        for name, one in loop.metrics.items()
    }


def _check_hook(hook: Hook, path: Path) -> Iterator[Misfit]:
    if not hook.responses and not hook.touchpoints:
        yield path, "maps nothing; give responses or touchpoints"
    yield from _check_generic(hook, path)
    yield from _check_site(hook, path)
    if hook.customer_id and not is_path(hook.customer_id):
        yield (*path, "customer_id"), "the same for every answer; give a JSONPath such as $.customer_id"
    for field in ("id", "time", "customer_id"):
        yield from _check_text(getattr(hook, field), (*path, field))
    if seconds(hook.tolerance) > MAX_TOLERANCE_S:
        yield (*path, "tolerance"), f"`{hook.tolerance}` lets old deliveries be sent again; give at most 1h"
    if hook.signature is not None:
        yield from _check_signature(hook.signature, (*path, "signature"))


def _check_generic(hook: Hook, path: Path) -> Iterator[Misfit]:
    """What only a tool needs that nothing is known of, and only it may have."""
    if hook.tool != "generic":
        for field, text in (("id", hook.id), ("time", hook.time)):
            if text:
                yield (*path, field), f"is for tool generic; {hook.tool} says it itself"
        return
    for field, text in (("id", hook.id), ("customer_id", hook.customer_id)):
        if not text:
            yield (*path, field), "missing; tool generic has no default for it, give a JSONPath such as $.id"
    if hook.id and not is_path(hook.id):
        yield (*path, "id"), "the same for every delivery; give a JSONPath such as $.response_id"
    if hook.signature is None:
        text = "missing; say how deliveries are proven to be the tool's, e.g. {kind: header, header: X-Token}"
        yield (*path, "signature"), text


def _check_site(hook: Hook, path: Path) -> Iterator[Misfit]:
    shape = _SITES.get(hook.tool)
    if shape is None:
        if hook.site:
            yield (*path, "site"), f"{hook.tool} sends its answers itself; leave it out"
    elif not shape.fullmatch(hook.site):
        yield (*path, "site"), f"{hook.tool} sends no answers, they are fetched: {_SITE_REMEDY[hook.tool]}"


def _check_signature(signature: HookSignature, path: Path) -> Iterator[Misfit]:
    for field in ("header", "timestamp_header"):
        text = getattr(signature, field)
        if text and not _HEADER.fullmatch(text):
            yield (*path, field), "no name of a header; give one such as X-Signature"
    if signature.kind in ("hmac", "header") and not signature.header:
        yield (*path, "header"), "missing; name the header that holds it, such as X-Signature"
    if signature.kind != "hmac" and (signature.prefix or signature.timestamp_header):
        yield path, f"prefix and timestamp_header are for kind hmac, not for {signature.kind}"


def _check_mappings(hook: Hook, specs: Mapping[str, MetricSpec], path: Path) -> Iterator[Misfit]:
    seen: set[tuple[str, str, str]] = set()
    for number, response in enumerate(hook.responses):
        here: Path = (*path, "responses", number)
        yield from _check_response(hook, response, specs, here)
        key = (response.metric, response.question or response.score, repr(sorted(map(str, response.when.items()))))
        if key in seen:
            yield here, "the same metric and question as one before; both would have the same id"
        seen.add(key)
    for number, touchpoint in enumerate(hook.touchpoints):
        yield from _check_touchpoint(touchpoint, (*path, "touchpoints", number))


def _check_response(
    hook: Hook, response: HookResponse, specs: Mapping[str, MetricSpec], path: Path
) -> Iterator[Misfit]:
    spec = specs.get(response.metric)
    if spec is None:
        yield (*path, "metric"), unknown_word(response.metric, specs)
    else:
        yield from _check_scale(response, spec, path)
    if bool(response.question) == bool(response.score):
        yield path, "give either question or score: where the score stands"
    if response.comment and response.comment_question:
        yield (*path, "comment"), "comment_question is given, too; leave one of them out"
    if hook.tool in ("generic", "segment"):
        for field, path_field in (("question", "score"), ("comment_question", "comment")):
            if getattr(response, field):
                yield (*path, field), f"{hook.tool} has no questions; give a JSONPath in `{path_field}`"
    if response.score and not is_path(response.score):
        yield (*path, "score"), "the same for every answer; give a JSONPath such as $.score"
    fields = ("score", "comment", "touchpoint", "touchpoint_event_id", "channel", "language", "contact_requested")
    for field in fields:
        yield from _check_text(getattr(response, field), (*path, field))
    yield from _check_attributes(response.attributes, (*path, "attributes"))
    yield from _check_conditions(response.when, (*path, "when"))


def _check_scale(response: HookResponse, spec: MetricSpec, path: Path) -> Iterator[Misfit]:
    higher = spec.scale.higher_is_better if response.higher_is_better is None else response.higher_is_better
    if response.scale is None:
        low, high = spec.scale.minimum, spec.scale.maximum
        if response.convert:
            yield (*path, "convert"), "from which scale? give `scale` too, e.g. [1, 10]"
    else:
        low, high = response.scale
    if low >= high or high - low > 100:
        yield (*path, "scale"), "give [lowest, highest], 2 to 101 whole scores"
        return
    if spec.kind == "nps" and (Scale(low, high, higher) != spec.scale):
        yield (
            (*path, "scale"),
            "NPS is asked on [0, 10], high is good; take another metric, or map what was chosen with `scores`",
        )
    for label, score in response.scores.items():
        if not low <= score <= high:
            yield (*path, "scores", label), f"{score} is outside the scale {low}..{high}"


def _check_touchpoint(touchpoint: HookTouchpoint, path: Path) -> Iterator[Misfit]:
    if not touchpoint.touchpoint:
        yield (*path, "touchpoint"), "empty; give its name, e.g. order.delivered"
    for field in ("touchpoint", "channel", "outcome", "duration_ms"):
        yield from _check_text(getattr(touchpoint, field), (*path, field))
    if touchpoint.duration_ms and not is_path(touchpoint.duration_ms):
        yield (*path, "duration_ms"), "the same for every touchpoint; give a JSONPath such as $.properties.duration_ms"
    yield from _check_attributes(touchpoint.attributes, (*path, "attributes"))
    yield from _check_conditions(touchpoint.when, (*path, "when"))


def _check_attributes(attributes: Mapping[str, Scalar], path: Path) -> Iterator[Misfit]:
    for name, value in attributes.items():
        if not 1 <= len(name) <= 64:
            yield (*path, name), "a name has 1 to 64 characters"
        if isinstance(value, str):
            yield from _check_text(value, (*path, name))
    if len(attributes) > 32:
        yield path, f"{len(attributes)} attributes; an event has at most 32"


def _check_conditions(conditions: Conditions, path: Path) -> Iterator[Misfit]:
    for name in conditions:
        if not is_path(name):
            yield (*path, name), "what is compared is a JSONPath such as $.event"
        yield from _check_text(name, (*path, name))


def _check_text(text: str, path: Path) -> Iterator[Misfit]:
    if is_path(text):
        try:
            compile_path(text)
        except PathError as error:
            yield path, str(error)
