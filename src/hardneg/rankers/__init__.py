"""Rankers: one file or folder each, whose frozen dataclass opens it for one collection.

Heavy libraries are imported inside `open`. `pool.py` merges the lists of several rankers, `fusion.py` orders
them, `cache_files.py` keeps what is expensive to build, `kernels/` has the compiled loops that several share.
"""
