"""What a person can mend: shown as one message without a traceback."""

USER_ERROR = 2
"""The exit code of a command that cannot run until a person mends something: trying again is no use."""


class UserError(Exception):
    """Something about the words, files or addresses a person gave. The text says what would be right."""
