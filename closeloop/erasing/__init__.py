"""``closeloop erase``: a person is removed everywhere, and every figure stays as it was."""
