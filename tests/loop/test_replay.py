"""A replay on a real Kafka, on both databases: what the loop says equals what the file alone says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.loop.batch import Batch
from tests.loop.checks import check_books, check_cards, check_cases, check_days
from tests.loop.conftest import ZONE
from tests.loop.running import RunningLoop

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.timeout(600)]


def test_a_replay_equals_the_batch_and_a_second_one_changes_nothing(loop: RunningLoop, generated: Path) -> None:
    batch = Batch(generated, ZONE)
    assert batch.duplicates > 0

    code, output, _ = loop.import_file(generated)
    assert code == 0, output
    loop.wait_until_quiet(len(batch.detractors))
    check_books(loop, batch, duplicates=batch.duplicates)
    check_days(loop, batch)
    check_cases(loop, batch)
    check_cards(loop)
    cases = loop.cases()

    code, output, _ = loop.import_file(generated)
    assert code == 0, output
    events = batch.touchpoints + batch.responses
    check_books(loop, batch, duplicates=events + 2 * batch.duplicates)
    check_days(loop, batch)
    assert loop.cases() == cases
    check_cards(loop)
