"""Fixtures of the whole suite; each lives in tests/fixtures, by what it stands up."""

pytest_plugins = [
    "tests.fixtures.browser",
    "tests.fixtures.kafka",
    "tests.fixtures.patience",
    "tests.fixtures.ports",
    "tests.fixtures.postgres",
    "tests.fixtures.tables",
]
