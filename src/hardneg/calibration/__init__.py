"""Calibration turns evidence into the probability that a candidate is relevant though nobody labelled it.

Known positives among the retrieved candidates, each taken as if its own label were hidden, are compared with
the unlabelled candidates: learning from positive and unlabelled examples (Elkan and Noto, KDD 2008). A small
logistic model gives the probability that a candidate is labelled; the share of relevant documents that are
labelled turns that into the probability that it is relevant. Calibration knows `core/` alone.
"""
