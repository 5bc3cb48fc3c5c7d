"""Rules: one published predicate a file."""
