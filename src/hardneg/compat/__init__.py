"""Drop-in replacements for functions of other libraries: they translate arguments and call the one miner."""
