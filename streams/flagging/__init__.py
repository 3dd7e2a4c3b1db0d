"""The rules over one answer."""
