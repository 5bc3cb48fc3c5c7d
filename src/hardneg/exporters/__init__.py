"""Exporters write a training set as one trainer reads it: one file a format, and the dataset card."""
