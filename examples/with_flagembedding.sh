#!/bin/sh
# Trains with FlagEmbedding on what hardneg mined.
#
#   hardneg export run --format flagembedding -o train.jsonl
#   sh examples/with_flagembedding.sh train.jsonl MODEL OUT
set -eu
python -m torch.distributed.run --nproc_per_node 1 -m FlagEmbedding.finetune.embedder.encoder_only.base \
  --model_name_or_path "$2" --train_data "$1" --output_dir "$3" \
  --train_group_size 5 --query_max_len 64 --passage_max_len 256 \
  --per_device_train_batch_size 16 --num_train_epochs 1 --learning_rate 1e-5 \
  --temperature 0.05 --normalize_embeddings True --sentence_pooling_method cls
