"""Secrets that lie in files, as Docker and Kubernetes hand them over: `NAME_FILE` in place of `NAME`."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.settings import SettingsError, from_environment


@pytest.mark.parametrize(
    ("name", "field", "secret"),
    [
        ("DATABASE_URL", "database", "postgresql://loop:p%40ss@db/closeloop"),
        ("SLACK_BOT_TOKEN", "slack_bot_token", "xoxb-1"),
        ("SLACK_APP_TOKEN", "slack_app_token", "xapp-1"),
        ("SLACK_SIGNING_SECRET", "slack_signing_secret", "abc"),
        ("SMTP_URL", "smtp_url", "smtps://loop:secret@mail.example.com"),
    ],
)
def test_a_secret_is_read_from_its_file(tmp_path: Path, name: str, field: str, secret: str) -> None:
    file = tmp_path / "secret"
    file.write_text(secret + "\n")
    assert getattr(from_environment({f"{name}_FILE": str(file)}), field) == secret
    assert getattr(from_environment({name: secret}), field) == secret


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "nothing"
    with pytest.raises(SettingsError, match=rf"SLACK_BOT_TOKEN_FILE: {missing} cannot be read \(No such file"):
        from_environment({"SLACK_BOT_TOKEN_FILE": str(missing)})


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "empty"
    file.write_text("\n")
    with pytest.raises(SettingsError, match=r"SLACK_BOT_TOKEN_FILE: .*empty is empty"):
        from_environment({"SLACK_BOT_TOKEN_FILE": str(file)})


def test_a_secret_given_twice_is_refused_without_showing_it(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("xoxb-file")
    with pytest.raises(SettingsError) as refused:
        from_environment({"SLACK_BOT_TOKEN": "xoxb-variable", "SLACK_BOT_TOKEN_FILE": str(file)})
    assert "leave one of them out" in str(refused.value)
    assert "xoxb" not in str(refused.value)


def test_what_a_file_holds_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("mysql://root:hunter2@db")
    with pytest.raises(SettingsError) as refused:
        from_environment({"DATABASE_URL_FILE": str(file)})
    assert "hunter2" not in str(refused.value)
