"""The operations console: pages drawn on the server, and what changes on them as server-sent events.

How a page is made:

- A module in ``pages/`` with a :class:`~gateway.console.page.Page`: its address, what can be asked of it (a frozen
  struct; the address carries the whole view), and ``look``, which reads what is shown into a struct. It is listed in
  ``pages/__init__.py`` and, if it belongs into the navigation, in ``templates/frame.html``.
- ``templates/NAME.html`` extends ``frame.html``. What can change stands in ``{% call live("id", "tag", class_="x") %}``
  or, in lists of such parts, in ``{% call live_list("id", "tag") %}``; ids are unique, live parts do not nest
  (:mod:`gateway.console.fragments`). Templates say words with ``say("message", n=3)``, numbers with ``number(x, 1)``,
  times with ``when(t)`` (the browser makes it an age), lengths with ``span(seconds)``, and lead on with
  ``link(window="7d")`` (this page with a change) or ``link("/cases", owner="ana")``. ``parts.html`` has pieces that
  pages share, :mod:`~gateway.console.charts` small drawings. Values are escaped; no scripts or styles stand inline.
- Its words stand in ``words/en.ftl`` and ``words/ru.ftl``; messages about cases (``state-open``, ``cause-other``) come
  from ``schemas/words``. Its styles stand in ``static/style/NAME.css``, imported by ``console.css``.

:mod:`~gateway.console.viewing` draws a page again when something was heard or after ``Page.seconds``, once for all who
look at the same, and tells their browsers the parts that differ; each part remembers in which drawing it changed, so a
browser that was cut off gets what it missed. ``static/script/`` puts parts in without disturbing what is typed or
unfolded (``data-keep`` leaves an element to a script), lets times age, and sends forms: ``<form data-send="/v1/..">``
goes to the API as JSON, ``data-instant`` makes a form of filters load its address.
"""
