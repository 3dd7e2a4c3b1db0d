"""Batches to the gateway, one at a time and in order, each until it is answered."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from closeloop.importer.source import Line, Rejected
from closeloop_client.client import EVENTS_PATH, decode_answer, refusal
from closeloop_client.results import read_results
from closeloop_client.transport import Patience, Transport

LINES_TYPE = "application/x-ndjson"
MAX_BATCH_BYTES = 4 * 1024 * 1024

_SPLIT_STATUSES = frozenset({400, 413, 422})


def in_batches(lines: Iterable[Line | Rejected], most: int) -> Iterator[tuple[list[Line], list[Rejected]]]:
    """Lines to send together, at most ``most`` and 4 MiB of them, and those between them that cannot be sent."""
    batch: list[Line] = []
    rejected: list[Rejected] = []
    size = 0
    for line in lines:
        if isinstance(line, Rejected):
            rejected.append(line)
            if len(rejected) >= most:
                yield batch, rejected
                batch, rejected, size = [], [], 0
            continue
        if batch and (len(batch) >= most or size + len(line.value) >= MAX_BATCH_BYTES):
            yield batch, rejected
            batch, rejected, size = [], [], 0
        batch.append(line)
        size += len(line.value) + 1
    if batch or rejected:
        yield batch, rejected


class Sender:
    """Sends lines as they are. A batch that is lost on the way is sent again: its ids make that safe."""

    def __init__(
        self, transport: Transport, patience: Patience, waiting: Callable[[str, float], None] | None = None
    ) -> None:
        self._transport = transport
        self._patience = patience
        self._waiting = waiting

    def send(self, lines: Sequence[Line]) -> list[Rejected]:
        """Send the lines; gives those that the gateway rejected.

        Raises :class:`closeloop_client.UnavailableError` when the gateway stays away,
        :class:`closeloop_client.RefusedError` when it takes nothing from us (a wrong key, a wrong address).
        """
        body = b"\n".join(line.value for line in lines) + b"\n"
        answer = self._transport.post(EVENTS_PATH, body, LINES_TYPE, self._patience, self._waiting)
        results = read_results(decode_answer(answer), len(lines))
        if results is not None:
            return [
                Rejected(line, result.reason, result.field, result.problem)
                for line, result in zip(lines, results, strict=True)
                if not result.accepted
            ]
        refused = refusal(answer)
        if answer.status not in _SPLIT_STATUSES or not refused.reason:
            raise refused
        if len(lines) == 1:
            return [Rejected(lines[0], refused.reason, refused.field, refused.problem)]
        half = len(lines) // 2
        return self.send(lines[:half]) + self.send(lines[half:])
