"""The operations console: one static page over the HTTP API, no build step, no request to any other host.

``static/index.html`` is served at ``/``, the folder ``static`` at ``/console/``, and the chart library of the installed
``chartkick`` wheel at ``/console/vendor/Chart.bundle.js``. The page reads the API as any other client does:

- ``GET /v1/config``: ``{clock, zone, minimum_n, windows: [..], cuts: {name: [dimension]},
  metrics: {name: {kind, minimum, maximum, higher_is_better}}, people: {key: name}, root_causes: {code: words}}``
- ``GET /v1/metrics`` and ``/v1/metrics/history``: arrays of :class:`schemas.metrics.Metric`
- ``GET /v1/cases``: ``{cases: [..], next: cursor or null}``; a case with its ``events`` and ``alerts`` by its id
- ``POST /v1/cases/{id}/{action}``: ``{version, ..}`` with the fields of :class:`schemas.case_ledger.Change`;
  409 where the version is stale; 400 or 422 names the field
- ``GET /v1/stream``: server-sent events ``metric``, ``case`` and ``totals``
- ``GET /v1/totals``, ``GET /v1/deadletters``, ``POST /v1/deadletters/{id}/replay``

All data reaches the page as text nodes: no value of an event is ever parsed as HTML.
"""
