"""Coverage-guided fuzzing of all that reads a stranger's event: `python -m tests.fuzz.decoder -runs=5000000`.

Needs `pip install atheris`, which is no dependency of the tests: a run takes minutes. The first byte of an input says
which reader gets the rest, so that all are tried in one run. An input passes where each reader takes it or refuses it
by its own exception, no refusal repeats what the event says, and whatever is taken alone is taken in a batch, in lines,
and between broken neighbours, byte for byte the same.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["schemas", "gateway"]):
    from gateway.intake import take_in
    from gateway.splitting import TooMany, split_array, split_lines
    from schemas.cloudevents import EventReader, context_attributes
    from schemas.contract_examples import EXAMPLES
    from schemas.deadletters import InvalidEvent
    from schemas.scales import DEFAULT_METRICS

import msgspec

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
READER = EventReader(DEFAULT_METRICS)
SECRET = b"Zq7"
"""Part of the seeds' comments and names: no refusal may repeat it."""
BROKEN = b'{"id": NaN}'
MODES = 5


def read(value: bytes, attributes: dict[str, str] | None = None) -> bool:
    """Whether the reader takes the value."""
    try:
        READER.read(value, NOW, attributes)
    except InvalidEvent as error:
        refused = error
    else:
        return True
    told = f"{refused.field} {refused.problem}"
    assert refused.reason
    assert refused.problem
    assert SECRET.decode() not in told, told
    assert len(told) < 2_000
    return False


def together(value: bytes) -> None:
    """Whatever is taken alone is taken with others, unchanged."""
    taken = read(value)
    if not taken or b"\n" in value.strip(b" \t\r\n"):
        return
    array = b"[" + value + b"," + BROKEN + b", " + value + b"]"
    found = take_in(READER, "array", {}, array, NOW)
    kept = [record.value for record in found.records]
    stripped = value.strip(b" \t\r\n")
    assert kept == [stripped, stripped], kept
    assert [result.status for result in found.results] == ["accepted", "rejected", "accepted"]
    lines = take_in(READER, "lines", {}, value + b"\n\n" + BROKEN + b"\r\n" + value, NOW)
    assert [record.value for record in lines.records] == [stripped, stripped]


def one(data: bytes) -> None:
    """One input: its first byte says which reader gets the rest."""
    if not data:
        return
    mode, value = data[0] % MODES, data[1:]
    if mode == 0:
        read(value)
    elif mode == 1:
        together(value)
    elif mode == 2:
        for split in (split_array, split_lines):
            with suppress(InvalidEvent, TooMany):
                split(value, 50)
    elif mode == 3:
        head, _, body = value.partition(b"\n\n")
        cut = (line.partition(b":") for line in head.split(b"\n"))
        headers = [(name.decode("latin-1"), text) for name, _, text in cut]
        try:
            attributes = context_attributes(headers)
        except InvalidEvent:
            return
        read(body, attributes)
    else:
        head, _, body = value.partition(b"\n\n")
        pairs = (line.partition(b":") for line in head.split(b"\n"))
        headers = {name.decode("latin-1").lower(): text.decode("latin-1") for name, _, text in pairs}
        try:
            take_in(READER, "binary", headers, body, NOW)
        except InvalidEvent:
            return


def seeds(folder: Path) -> None:
    """What the fuzzer begins with: the contract's examples in every mode."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("TouchpointEvent", "ResponseEvent"):
        for number, example in enumerate(EXAMPLES[name]):
            content = msgspec.json.decode(msgspec.json.encode(example))
            content["data"]["comment"] = "Zq7 atrasou de novo é 😡"
            value = msgspec.json.encode(content)
            for mode in (0, 1):
                (folder / f"{name}{number}-{mode}").write_bytes(bytes([mode]) + value)
            (folder / f"{name}{number}-2").write_bytes(b"\x02[" + value + b',{"a":"\\"]"}]')
            for mode, prefix in ((3, "ce_"), (4, "ce-")):
                attributes = {key: text for key, text in content.items() if key != "data"}
                head = "\n".join(f"{prefix}{key}:{text}" for key, text in attributes.items()).encode()
                body = msgspec.json.encode(content["data"])
                (folder / f"{name}{number}-{mode}").write_bytes(bytes([mode]) + head + b"\n\n" + body)


def main() -> None:
    """Run with libFuzzer's own options; a folder given first keeps what is learnt."""
    folder = Path(next((word for word in sys.argv[1:] if not word.startswith("-")), ".closeloop/fuzz"))
    seeds(folder)
    options = [word for word in sys.argv[1:] if word.startswith("-")]
    atheris.Setup([sys.argv[0], str(folder), *options], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
