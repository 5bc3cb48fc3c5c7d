"""Does a figure that needs no training rank training sets as the students do that were trained on them?

python benchmarks/worth.py [--tables RESULTS.md]

Reads the tables of students: of each recipe the hardness of its negatives, the share of false ones and the
student's nDCG@10. The figure is `hardness - price x false`, the price of a false negative chosen on the other
collections; beside it hardness alone and safety alone. Printed: Spearman's rank correlation with nDCG@10.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import typer
from scipy.stats import spearmanr

RESULTS = Path(__file__).with_name("RESULTS.md")
PRICES = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
Table = npt.NDArray[np.float64]
"""(n, 3): nDCG@10, hardness, share of false negatives."""


def main(tables: Path = RESULTS) -> None:
    """Prints a table with one row a table of students."""
    found = students(tables)
    print("| students | sets | hardness | safety | at the best price of the others | at its own best price |")
    print("|---|---|---|---|---|---|")
    for name, table in found.items():
        others = [other for title, other in found.items() if title.split()[0] != name.split()[0]]
        chosen = max(PRICES, key=lambda price: np.mean([rank(other, price) for other in others]))
        own = max(PRICES, key=lambda price: rank(table, price))
        safety = spearmanr(-table[:, 2], table[:, 0]).statistic
        print(
            f"| {name} | {len(table)} | {rank(table, 0.0):.2f} | {safety:.2f} "
            f"| {rank(table, chosen):.2f} ({chosen:g}) | {rank(table, own):.2f} ({own:g}) |"
        )


def rank(table: Table, price: float) -> float:
    """Returns Spearman's correlation of the figure with nDCG@10."""
    return float(spearmanr(table[:, 1] - price * table[:, 2], table[:, 0]).statistic)


def students(path: Path) -> dict[str, Table]:
    """Returns the rows that have all three numbers, by table, whose first word is its collection."""
    found: dict[str, list[list[float]]] = {}
    columns: list[str] = []
    title, inside = "", False
    for line in path.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("## "):
            inside = line.startswith("## Students")
        elif line.startswith("### "):
            title = line[4:].replace("A part of medquad", "medquad in part").replace("Cranfield", "cranfield")
        elif line.startswith("| negatives |"):
            columns = cells
        elif inside and columns and line.startswith("|") and not line.startswith("|---"):
            row = dict(zip(columns, cells, strict=False))
            if row.get("false") and row.get("hardness"):
                numbers = row["nDCG@10"].strip("*"), row["hardness"], row["false"].rstrip("%")
                ndcg, hardness, false = map(float, numbers)
                found.setdefault(title, []).append([ndcg, hardness, false / 100])
        elif not line.startswith("|"):
            columns = []
    return {name.replace(":", ","): np.array(rows) for name, rows in found.items() if len(rows) > 3}


if __name__ == "__main__":
    typer.run(main)
