"""What a student's scores cost: one file a loss, each a function of the scores of a batch.

The same loss serves bi-encoders, sparse encoders and cross-encoders.
"""
