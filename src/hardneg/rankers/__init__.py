"""Rankers: one file or folder each, whose frozen dataclass opens it for one collection.

Heavy libraries are imported inside `open`. `pool.py` merges the lists of several, `fusion.py` orders them.
"""
