"""Segments: filters over contacts, checked, then compiled to parameters of one query.

A filter is a tree::

    {"match": "all" | "any",
     "conditions": [{"field": "country", "op": "is", "value": "ES"},
                    {"match": "any", "conditions": [...]}]}

No conditions mean every contact. Fields and operators are in ``contacts.segments.catalogue``.
"""

from contacts.segments.catalogue import Catalogue, catalogue
from contacts.segments.checks import clean_filter
from contacts.segments.query import contacts_matching

__all__ = ["Catalogue", "catalogue", "clean_filter", "contacts_matching"]
