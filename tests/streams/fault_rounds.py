"""Deals random faults to a crew of workers and its brokers, one round after the other."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable

from tests.streams.fault_crew import Cluster, Crew, Exit, wait

SESSION_S = 6.0
"""How long the group waits for a silent worker."""
DECK = ("kill",) * 3 + ("broker",) * 2 + ("sleep",) * 2 + ("join", "leave", "broker and kill")
"""The faults of ten rounds, shuffled anew for each ten."""
TOO_MUCH_LAG = 60_000
"""Records. A machine that is so far behind is too busy for the load: no more is sent until it has caught up."""
PATIENCE_S = 600.0
"""A machine may be busy with other things: deadlines only say that something will never happen."""


class Rounds:
    """Deals faults, and waits after each until the workers have caught up."""

    def __init__(self, crew: Crew, cluster: Cluster, chance: random.Random, hold: Callable[[bool], None]) -> None:
        """``hold`` stops and continues the feeding."""
        self.crew = crew
        self.cluster = cluster
        self._chance = chance
        self._hold = hold
        self._holding = False
        self.held = 0
        """How often the machine was too busy."""
        self._deck: list[str] = []
        self._worst = 0

    def play(self, number: int) -> str:
        """One round. Returns its line."""
        if not self._deck:
            self._deck = list(DECK)
            self._chance.shuffle(self._deck)
        began, exits = time.monotonic(), len(self.crew.exits)
        self._worst = 0
        story = self._hurt(self._deck.pop())
        hurt = time.monotonic() - began
        self.catch_up(f"recovered after: {story}")
        took = time.monotonic() - began
        ended = Counter(self._why(one) for one in self.crew.exits[exits:])
        exited = ", ".join(f"{why} {count}" for why, count in ended.items()) or "none"
        lag = f"lag at most {self._worst:,}, at the end {self.cluster.lag() or 0:,}"
        workers = f"workers {len(self.crew.members)}; exits: {exited}"
        return f"round {number:2}: {story}; {took:.1f} s, of which faults {hurt:.1f} s; {lag}; {workers}"

    @staticmethod
    def _why(one: Exit) -> str:
        return one.asked or ("fenced" if one.fenced else "unasked")

    def _hurt(self, fault: str) -> str:
        crew, chance = self.crew, self._chance
        names = sorted(crew.members)
        if (fault == "join" and len(names) == 3) or (fault == "leave" and len(names) == 1):
            fault = "leave" if fault == "join" else "join"
        match fault:
            case "kill":
                victims = chance.sample(names, chance.randint(1, len(names)))
                self._kill(victims)
                return f"killed worker {'+'.join(victims)}"
            case "join":
                name = crew.free_name()
                crew.start(name)
                return f"worker {name} joined"
            case "leave":
                name = chance.choice(names)
                crew.end(name, signal.SIGTERM, "leave")
                self._wait(lambda: name not in crew.members, f"worker {name} leaves")
                return f"worker {name} left"
            case "sleep":
                return self._sleep(chance.choice(names))
            case _:
                return self._break_broker(chance.choice(names) if "kill" in fault else None)

    def _kill(self, victims: list[str]) -> None:
        for name in victims:
            self.crew.end(name, signal.SIGKILL, "kill")
        self._wait(lambda: not any(member.asked for member in self.crew.members.values()), "killed and started again")

    def _sleep(self, name: str) -> str:
        """Stop a worker for longer than its session. With nobody else there, sometimes somebody comes meanwhile."""
        crew, chance = self.crew, self._chance
        sleeper = crew.members[name]
        sleeper.slept = True
        sleeper.process.send_signal(signal.SIGSTOP)
        story = f"worker {name} slept"
        if len(crew.members) == 1 and chance.random() < 0.5:
            other = crew.free_name()
            crew.start(other)
            story += f" while {other} joined"
        self._pass(SESSION_S + chance.uniform(0.5, 3.0))
        sleeper.process.send_signal(signal.SIGCONT)
        return story

    def _break_broker(self, victim: str | None) -> str:
        chance, cluster = self._chance, self.cluster
        self._wait(cluster.whole, "all replicas are in sync before a broker is killed")
        node = chance.choice(cluster.kafka.node_ids)
        cluster.kafka.kill(node)
        self._pass(chance.uniform(0.0, 2.0))
        if victim is not None:
            self._kill([victim])
        self._pass(chance.uniform(0.0, 2.0))
        cluster.kafka.start_node(node, PATIENCE_S)
        return f"broker {node} was away" + (f" and worker {victim} killed" if victim else "")

    def catch_up(self, what: str) -> None:
        """Wait until all that was sent before this call is counted and committed, while more is sent."""
        ends: list[int] | None = None

        def caught_up() -> bool:
            nonlocal ends
            ends = ends or self.cluster.ends()
            lag = self.cluster.lag() or 0
            self._worst = max(self._worst, lag)
            if lag > TOO_MUCH_LAG and not self._holding:
                self._holding = True
                self.held += 1
                self._hold(True)
            return self.cluster.behind(ends) == 0 and self.crew.ready()

        self._wait(caught_up, what)
        if self._holding:
            self._holding = False
            self._hold(False)

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        wait(condition, what, PATIENCE_S, [self.crew.tend])

    def _pass(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        self._wait(lambda: time.monotonic() >= until, "time passes")
