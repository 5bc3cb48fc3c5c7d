"""Losses, one file each: functions of the scores of a batch, for every kind of student."""
