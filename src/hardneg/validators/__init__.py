"""Validators: one file each, whose frozen dataclass opens it for one collection. They know `core/` alone."""
