"""Loaders read a collection from where it lives: one module a kind of source."""
