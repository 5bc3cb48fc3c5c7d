"""Scores of pairs of query and document: who gives them, and where they are kept."""
