"""From counted words to one honest number."""
