"""Trains with plain sentence-transformers on what hardneg mined.

hardneg mine my-collection --out run --format sentence-transformers-triplet
python examples/with_sentence_transformers.py run/train.jsonl MODEL OUT
"""

import sys

from datasets import load_dataset
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.losses import MultipleNegativesRankingLoss


def main(data: str, model_name: str, out: str) -> None:
    """Trains one epoch and saves the model."""
    model = SentenceTransformer(model_name)
    trainer = SentenceTransformerTrainer(
        model=model,
        args=SentenceTransformerTrainingArguments(
            output_dir=f"{out}/checkpoints",
            num_train_epochs=1,
            per_device_train_batch_size=16,
            batch_sampler="no_duplicates",
            save_strategy="no",
            report_to=[],
        ),
        train_dataset=load_dataset("json", data_files=data, split="train"),
        loss=MultipleNegativesRankingLoss(model),
    )
    trainer.train()
    model.save_pretrained(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
