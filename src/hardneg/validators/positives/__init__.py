"""Validators of positives: one file each. They say how probable it is that a labelled pair is wrong."""
