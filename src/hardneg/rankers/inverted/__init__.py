"""Inverted indexes: tokenizing, building, storing and searching."""
