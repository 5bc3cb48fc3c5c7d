"""Named recipes: each file one published method, its source cited in it."""
