"""The prompts for lists of documents that come with hardneg, one text file each."""
