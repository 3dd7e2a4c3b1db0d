"""What reading a setting may end in, and how a secret is read: of its variable, or of a file."""

from collections.abc import Mapping
from pathlib import Path


class SettingsError(ValueError):
    """A setting of the environment that cannot be used: names the variable and what would be right."""


def secret(env: Mapping[str, str], name: str) -> str | None:
    """A secret's value: of the variable itself, or of the file that ``NAME_FILE`` names. An empty variable is none.

    Raises :class:`SettingsError` where both are given or the file holds nothing readable; never shows what it holds.
    """
    value, path = env.get(name) or None, env.get(f"{name}_FILE")
    if not path:
        return value
    if value is not None:
        raise SettingsError(f"{name}_FILE: {name} is given, too; leave one of them out")
    try:
        held = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise SettingsError(
            f"{name}_FILE: {path} cannot be read ({reason}); give a file with the secret alone"
        ) from None
    if not held:
        raise SettingsError(f"{name}_FILE: {path} is empty; give a file with the secret alone")
    return held
