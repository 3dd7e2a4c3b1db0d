"""The sections mail and webhooks of loop.yaml, and SMTP_URL: what is wrong is named with its field."""

from __future__ import annotations

import pytest

from schemas.loop_yaml import ConfigError, parse
from schemas.settings import SettingsError, from_environment

BASE = """
people: {ana: {name: Ana, email: ana@shop.example}}
receivers: {desk: {person: ana, channel: "#cx"}}
route: {receiver: desk}
"""


def test_both_sections_are_read() -> None:
    loop = parse(
        BASE
        + """
mail: {from: loop@shop.example}
webhooks: {ops: {url: "https://ops.example/hook", secret_env: OPS_SECRET}}
"""
    )
    assert loop.mail is not None
    assert (loop.mail.from_, loop.mail.subject_prefix) == ("loop@shop.example", "[closeloop]")
    assert loop.webhooks["ops"].secret_env == "OPS_SECRET"


@pytest.mark.parametrize(
    ("section", "field", "said"),
    [
        ("mail: {from: nobody}", "mail.from", "no e-mail address"),
        ('mail: {from: a@b.example, subject_prefix: "a\\nb"}', "mail.subject_prefix", "a line break"),
        ("webhooks: {Ops: {url: 'https://a.example', secret_env: A}}", "webhooks.Ops", "small letters"),
        ("webhooks: {ops: {url: 'http://a.example', secret_env: A}}", "webhooks.ops.url", "unencrypted"),
        ("webhooks: {ops: {url: 'https://u:p@a.example', secret_env: A}}", "webhooks.ops.url", "holds a user name"),
        ("webhooks: {ops: {url: 'ftp://a.example', secret_env: A}}", "webhooks.ops.url", "no URL"),
        ("webhooks: {ops: {url: 'https://[', secret_env: A}}", "webhooks.ops.url", "no URL"),
        ("webhooks: {ops: {url: 'https://a.example', secret_env: whsec_x}}", "webhooks.ops.secret_env", "no name of"),
    ],
)
def test_what_is_wrong_is_named(section: str, field: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(BASE + section)
    assert field in str(caught.value)
    assert said in str(caught.value)


def test_a_webhook_on_this_machine_may_be_unencrypted() -> None:
    parse(BASE + "webhooks: {ops: {url: 'http://127.0.0.1:9/hook', secret_env: A}}")


def test_smtp_url() -> None:
    assert from_environment({}).smtp_url is None
    url = "smtps://me:secret@mail.example:465"
    settings = from_environment({"SMTP_URL": url})
    assert settings.smtp_url == url
    assert "secret" not in repr(settings)
    with pytest.raises(SettingsError, match="SMTP_URL: give smtp"):
        from_environment({"SMTP_URL": "mail.example:25"})
