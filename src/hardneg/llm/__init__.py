"""The client of language models behind OpenAI-compatible endpoints: budget, retries, stored answers, prompts.

Its two users are `judging` and `generating`, which know what to ask and how to read an answer.
"""
