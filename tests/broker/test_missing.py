"""What a machine lacks is skipped by name, and fails where nothing may be skipped."""

import pytest

from tests.fixtures.missing import lacking


def test_elsewhere_it_skips_with_the_reason(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="needs a thing: not on PATH"):
        lacking("a thing", "not on PATH")


def test_under_ci_it_fails(monkeypatch):
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="needs a thing: not on PATH"):
        lacking("a thing", "not on PATH")
