"""JSONPath (RFC 9535) for mappings: a text that begins with ``$`` is a path into a document, any other is itself.

The standard alone, and of it what cannot take long on a document that a stranger wrote: no regular expressions
(``match`` and ``search``), and one descent (``..``) a path.
"""

from functools import lru_cache
from typing import Any

from jsonpath import JSONPathEnvironment
from jsonpath.exceptions import JSONPathError

MAX_PATH_CHARACTERS = 256
MAX_DEPTH = 64
"""How deep a descent goes: deeper documents are refused."""


class PathError(ValueError):
    """A path that is none, or one that is not allowed, or a document that it cannot be followed through."""


class _Bounded(JSONPathEnvironment):
    max_recursion_depth = MAX_DEPTH

    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        for name in ("match", "search"):
            self.function_extensions.pop(name, None)


_environment = _Bounded(strict=True)


def is_path(text: str) -> bool:
    """Whether a text of a mapping is a path."""
    return text.startswith("$")


@lru_cache(maxsize=4096)
def compile_path(path: str) -> Any:
    """The path, ready to be followed. Raises :class:`PathError`."""
    if len(path) > MAX_PATH_CHARACTERS:
        raise PathError(f"{len(path)} characters; a path has at most {MAX_PATH_CHARACTERS}")
    if path.count("..") > 1:
        raise PathError("descends (`..`) more than once; name the steps between")
    try:
        return _environment.compile(path)
    except (JSONPathError, RecursionError) as error:
        said = str(error).split("\n", maxsplit=1)[0].strip()
        raise PathError(f"no JSONPath (RFC 9535): {said}; give one such as $.data.customer_id") from None


def values_at(path: str, document: Any) -> list[Any]:
    """Every value that the path leads to, in their order. Raises :class:`PathError`."""
    if isinstance(document, str):
        # The library would read JSON in the text; here a text is a text, and nothing leads into it.
        return [document] if path.strip() == "$" else []
    try:
        return list(compile_path(path).findall(document))
    except (JSONPathError, RecursionError) as error:
        raise PathError(f"cannot be followed here: {type(error).__name__}") from None
