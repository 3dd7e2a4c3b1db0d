"""The subcommands of ``closeloop``: each parses its words and does its work in a module of its own."""
