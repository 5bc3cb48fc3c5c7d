"""Engines run jobs in this process or on a cluster: one file each."""
