"""The sections sign_in and audit of loop.yaml: what is wrong is named with its field."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.config_access import Oidc
from schemas.loop_yaml import ConfigError, parse
from tests.schemas.test_delivery_configuration import BASE

ROOT = Path(__file__).parents[2]
GOOD = {"issuer": "https://login.example", "client_id": "closeloop", "everyone": "read"}


def written(**oidc: object) -> str:
    inner = ", ".join(f"{name}: {value}" for name, value in {**GOOD, **oidc}.items())
    return f"{BASE}sign_in: {{oidc: {{{inner}}}}}\n"


def test_the_commented_provider_of_the_example_is_right() -> None:
    text = (ROOT / "loop.yaml").read_text()
    _, mark, rest = text.partition("#   oidc:\n")
    block = (mark + rest).partition("\n\n")[0]
    shown = text.replace(block, block.replace("#   ", "  "))
    oidc = parse(shown).sign_in.oidc
    assert oidc is not None
    assert oidc.roles == {"customer-care": "act", "platform": "admin"}
    assert (oidc.scopes, oidc.roles_claim, oidc.trust_email) == (["openid", "email", "profile"], "groups", False)


def test_the_smallest_provider() -> None:
    assert parse(written()).sign_in.oidc == Oidc(issuer="https://login.example", client_id="closeloop", everyone="read")


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"issuer": "http://login.example"}, "sign_in.oidc.issuer", "unencrypted"),
        ({"issuer": "login.example"}, "sign_in.oidc.issuer", "no issuer"),
        ({"issuer": "'https://login.example?x=1'"}, "sign_in.oidc.issuer", "without a query"),
        ({"issuer": "'https://login.example:x'"}, "sign_in.oidc.issuer", "no URL"),
        ({"scopes": "[email]"}, "sign_in.oidc.scopes", "add it"),
        ({"scopes": "[openid, 'a b']"}, "sign_in.oidc.scopes", "one word"),
        ({"everyone": "emit"}, "sign_in.oidc.everyone", "read"),
        ({"everyone": "null"}, "sign_in.oidc.roles", "nobody would get a role"),
        ({"roles": "{care: king}"}, "sign_in.oidc.roles.care", "read"),
        ({"client_secret": "x"}, "sign_in.oidc.client_secret", ""),
    ],
)
def test_what_a_provider_cannot_be(changed: dict[str, object], field: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse(written(**changed))
    assert field in str(raised.value)
    assert said in str(raised.value)


def test_a_provider_on_this_machine_may_be_plain() -> None:
    assert parse(written(issuer="'http://127.0.0.1:9000/realm'")).sign_in.oidc is not None


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("sign_in: {idle: 91d, longest: 92d}", "sign_in.idle"),
        ("sign_in: {idle: 2d, longest: 1d}", "sign_in.idle"),
        ("sign_in: {longest: 91d}", "sign_in.longest"),
        ("audit: {keep: 4000d}", "audit.keep"),
        ("audit: {keep: 1y}", "audit.keep"),
    ],
)
def test_lengths_that_cannot_be(text: str, field: str) -> None:
    with pytest.raises(ConfigError, match=field):
        parse(BASE + text)
