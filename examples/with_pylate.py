"""Trains a late-interaction model with PyLate by distillation on what hardneg mined.

hardneg export run --format pylate -o train.jsonl
python examples/with_pylate.py train.jsonl MODEL OUT
"""

import sys

from datasets import load_dataset
from pylate import losses, models, utils
from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments


def main(data: str, model_name: str, out: str) -> None:
    """Trains one epoch and saves the model."""
    stem = data.removesuffix(".jsonl")
    rows, queries, documents = (
        load_dataset("json", data_files=name, split="train")
        for name in (data, f"{stem}.queries.jsonl", f"{stem}.documents.jsonl")
    )
    ways = len(rows[0]["scores"])
    rows.set_transform(utils.KDProcessing(queries=queries, documents=documents, n_ways=ways).transform)
    model = models.ColBERT(model_name_or_path=model_name)
    trainer = SentenceTransformerTrainer(
        model=model,
        args=SentenceTransformerTrainingArguments(
            output_dir=f"{out}/checkpoints", num_train_epochs=1, per_device_train_batch_size=8, report_to=[]
        ),
        train_dataset=rows,
        loss=losses.Distillation(model=model),
        data_collator=utils.ColBERTCollator(model.tokenize),
    )
    trainer.train()
    model.save_pretrained(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
