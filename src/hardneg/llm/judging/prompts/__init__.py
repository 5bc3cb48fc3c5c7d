"""The prompts that come with hardneg, one text file each."""
