"""A writer process that the fencing test stops and wakes: takes a partition, then flushes one row for each input line.

Arguments: bootstrap, topic, transactional id. Answers each line with ``flushed``, ``fenced`` or ``failed``.
"""

import asyncio
import sys

from schemas.kafka_link import KafkaLink
from streams.kafka.changelog import ChangelogError, ChangelogWriter, FencedError, OutRecord


async def main() -> None:
    bootstrap, topic, transactional_id = sys.argv[1:]
    writer = ChangelogWriter(KafkaLink(bootstrap), transactional_id)
    await writer.open()
    sys.stdout.write("open\n")
    sys.stdout.flush()
    while line := await asyncio.to_thread(sys.stdin.readline):
        try:
            await writer.flush([OutRecord(topic, b"state", line.strip().encode(), 0)])
            answer = "flushed"
        except FencedError:
            answer = "fenced"
        except ChangelogError:
            answer = "failed"
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
