"""Refusals: every error of the API has one shape, names the field, and says what would be right. Pure."""

from collections.abc import Mapping

from msgspec import Struct


class Problem(Struct, frozen=True):
    """What was wrong: a word for programs, the field it is about (empty for the whole), a sentence for people."""

    reason: str
    field: str
    problem: str


class ProblemBody(Struct, frozen=True):
    """The body of every refusal."""

    error: Problem


class Refusal(Exception):  # noqa: N818 - an answer to the caller, not a fault
    """A request that is not done. ``body`` replaces the usual body where the answer carries more."""

    def __init__(
        self,
        status: int,
        reason: str,
        field: str,
        problem: str,
        headers: Mapping[str, str] | None = None,
        body: Struct | None = None,
    ) -> None:
        super().__init__(f"{field}: {problem}" if field else problem)
        self.status = status
        self.headers = dict(headers or {})
        self.problem = Problem(reason, field, problem)
        self.body = body or ProblemBody(self.problem)
