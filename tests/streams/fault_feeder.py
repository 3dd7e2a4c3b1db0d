"""Sends a shop's traffic at a steady rate until SIGTERM, whatever happens to the brokers.

SIGUSR1 holds it back, SIGUSR2 lets it go on. Arguments: bootstrap, seed, time of the first event, partitions, records a
second. At the end it prints what it sent, what of that the brokers did not take, and for how long it sent, as JSON.
"""

import json
import signal
import sys
import time

from confluent_kafka import KafkaError, Message, Producer

from tests.streams.fault_traffic import Traffic

FLUSH_DEADLINE_S = 300.0


class Feeder:
    def __init__(self, bootstrap: str, traffic: Traffic) -> None:
        self._traffic = traffic
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "acks": "all",
                "enable.idempotence": True,
                "partitioner": "murmur2_random",
                "message.timeout.ms": int(FLUSH_DEADLINE_S * 1000),
                "linger.ms": 5,
                "log_level": 0,  # a broker that was killed is no news here
            }
        )
        self.sent = 0
        self.failed = 0
        self.seconds = 0.0
        self.stopping = False
        self.held = False

    def listen(self, number: int, _frame: object) -> None:
        self.stopping = self.stopping or number == signal.SIGTERM
        self.held = number == signal.SIGUSR1

    def run(self, rate: float) -> None:
        last = time.monotonic()
        while not self.stopping:
            now = time.monotonic()
            self.seconds += 0 if self.held else now - last
            last = now
            while self.sent < int(self.seconds * rate) and not self.stopping:
                self._send()
            self._producer.poll(0.005)
        self.failed += self._producer.flush(FLUSH_DEADLINE_S)

    def _send(self) -> None:
        send = self._traffic.next()
        self.sent += 1
        where = {} if send.partition is None else {"partition": send.partition}
        while True:
            try:
                self._producer.produce(send.topic, send.value, send.key, on_delivery=self._delivered, **where)
                break
            except BufferError:  # the brokers are behind: nothing is dropped
                self._producer.poll(0.05)

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        self.failed += error is not None


def main() -> int:
    bootstrap, seed, began, partitions, rate = sys.argv[1:]
    traffic = Traffic(int(seed), float(began), int(partitions))
    feeder = Feeder(bootstrap, traffic)
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, feeder.listen)
    feeder.run(float(rate))
    sys.stdout.write(json.dumps({"sent": feeder.sent, "failed": feeder.failed, "seconds": feeder.seconds}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
