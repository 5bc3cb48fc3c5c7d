"""Models behind HTTP: where they are, requests with budget, order and retries, and answers on disk.

Rankers ask for vectors and scores, `llm/` for texts; what to ask, they know themselves.
"""
