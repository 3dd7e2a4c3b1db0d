"""``closeloop cases``: what employees do with cases, from a terminal, over the HTTP API."""
