"""Compiled kernels, threads over rows, and top-k selection."""
