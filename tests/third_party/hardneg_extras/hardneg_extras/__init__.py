"""A package of components for hardneg, which its entry points name."""
