"""The secrets of hooks, from the environment: ``CLOSELOOP_HOOK_NAME_SECRET`` and its like, never from loop.yaml."""

import os
from collections.abc import Iterable, Mapping

from msgspec import Struct

from schemas.setting_values import secret as read_secret


class HookSecrets(Struct, frozen=True, kw_only=True):
    """What one hook may know. ``previous`` is still good while a secret is changed; ``token`` is for the tool's API.

    None of them is ever in its ``repr``.
    """

    current: str | None = None
    previous: str | None = None
    token: str | None = None

    def keys(self) -> tuple[str, ...]:
        """The secrets that a delivery may be signed with."""
        return tuple(one for one in (self.current, self.previous) if one)

    def __repr__(self) -> str:
        return "HookSecrets(...)"


def variable(name: str, kind: str = "SECRET") -> str:
    """The environment variable of a hook: ``SECRET``, ``SECRET_PREVIOUS`` or ``TOKEN``."""
    return f"CLOSELOOP_HOOK_{name.upper()}_{kind}"


def hook_secrets(names: Iterable[str], environ: Mapping[str, str] | None = None) -> dict[str, HookSecrets]:
    """The secrets of these hooks; each variable may be given as ``..._FILE``. Raises ``SettingsError``."""
    env = os.environ if environ is None else environ
    return {
        name: HookSecrets(
            current=read_secret(env, variable(name)),
            previous=read_secret(env, variable(name, "SECRET_PREVIOUS")),
            token=read_secret(env, variable(name, "TOKEN")),
        )
        for name in names
    }
