"""The stages in order: a recipe, the miner of one block of queries, and the pipeline that runs it."""
