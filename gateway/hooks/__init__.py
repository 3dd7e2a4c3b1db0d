"""Hooks: what survey tools send becomes events.

A delivery is a request of a tool. :mod:`~gateway.hooks.signatures` says whether it is the tool's,
:mod:`~gateway.hooks.tools` has one module a tool that reads it into submissions (one respondent's answers),
:mod:`~gateway.hooks.mapping` makes events of a submission by loop.yaml, :mod:`~gateway.hooks.reading` does both for one
piece of a delivery. All of these are pure. :mod:`~gateway.hooks.desk` is the shell around them: it admits the events,
fetches what a tool does not send, and keeps what cannot be mapped as a dead letter.
"""
