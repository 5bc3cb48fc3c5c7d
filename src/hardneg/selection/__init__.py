"""Selection decides on every candidate: excluded, dropped by a rule, drawn as a negative, or surplus."""
