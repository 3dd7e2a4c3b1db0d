"""Surveys of one question on pages of their own, behind sealed links that expire.

:mod:`~gateway.surveys.links` seals whom a link asks into its address; :mod:`~gateway.surveys.answering` decides what an
answer is (new, a repeat, a change); :mod:`~gateway.surveys.keeping` remembers it; :mod:`~gateway.surveys.page` draws.
``labels.json`` has the words in 20 languages, of which ``clients/js/build.py`` makes those of the JavaScript survey;
``client`` leads to that client's bundle, which the gateway serves.
"""
