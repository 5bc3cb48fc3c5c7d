"""Run directories: run.json, the ledger, verdicts, and a finished run opened again."""
