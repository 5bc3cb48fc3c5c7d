"""Language models behind OpenAI-compatible endpoints: asked within a budget, each answer kept on disk.

What is asked, and what is made of an answer, is for those who ask: `judge` and `generate`.
"""
