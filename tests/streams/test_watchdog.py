from streams.watchdog import Sight, Watchdog


def test_a_partition_with_work_that_does_not_move_has_stalled() -> None:
    dog = Watchdog(60.0)
    stuck = Sight(position=10, released=5, lag=3)
    assert not dog.look("t", 0, stuck, 0.0)
    assert not dog.look("t", 0, stuck, 60.0)
    assert dog.look("t", 0, stuck, 60.1)


def test_fetching_or_releasing_is_movement() -> None:
    dog = Watchdog(60.0)
    dog.look("t", 0, Sight(10, 5, 3), 0.0)
    assert not dog.look("t", 0, Sight(11, 5, 3), 50.0)
    assert not dog.look("t", 0, Sight(11, 6, 3), 100.0)
    assert not dog.look("t", 0, Sight(11, 6, 90), 160.0)  # more work alone is no movement, but not long enough yet
    assert dog.look("t", 0, Sight(11, 6, 91), 161.0)


def test_a_partition_without_work_may_rest() -> None:
    dog = Watchdog(60.0)
    idle = Sight(position=10, released=10, lag=0)
    assert not dog.look("t", 0, idle, 0.0)
    assert not dog.look("t", 0, idle, 1_000.0)
    assert not dog.look("t", 0, Sight(10, 10, 1), 1_050.0)
    assert dog.look("t", 0, Sight(10, 10, 1), 1_061.0)


def test_partitions_are_apart_and_a_lost_one_starts_anew() -> None:
    dog = Watchdog(60.0)
    stuck = Sight(1, None, 1)
    dog.look("t", 0, stuck, 0.0)
    assert not dog.look("t", 1, stuck, 100.0)
    dog.forget("t", 0)
    assert not dog.look("t", 0, stuck, 100.0)
