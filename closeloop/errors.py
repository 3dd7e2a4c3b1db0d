"""What a person can mend: shown as one message without a traceback."""


class UserError(Exception):
    """Something about the words, files or addresses a person gave. The text says what would be right."""
