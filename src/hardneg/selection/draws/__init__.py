"""Draws: one published sampling scheme a file."""
