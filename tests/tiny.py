"""Tiny random models, made on the spot, that load as any model of the hub does."""

from pathlib import Path


def bi_encoder(folder: Path, seed: int = 0, **options) -> Path:
    """Saves a one-layer BERT with mean pooling; `options` go to `SentenceTransformer`."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    transformer = Transformer(str(bert(folder / "bert", seed)), max_seq_length=32)
    modules = [transformer, Pooling(transformer.get_embedding_dimension(), "mean")]
    SentenceTransformer(modules=modules, device="cpu", **options).save(str(folder / "model"))
    return folder / "model"


def cross_encoder(folder: Path, seed: int = 0, num_labels: int = 1, **options) -> Path:
    """Saves a one-layer BERT with one label or more; `options` go to `CrossEncoder`."""
    from sentence_transformers import CrossEncoder

    body = str(bert(folder / "bert", seed))
    model = CrossEncoder(body, num_labels=num_labels, max_length=64, device="cpu", **options)
    model.save(str(folder / "model"))
    return folder / "model"


def sparse_encoder(folder: Path) -> Path:
    """Saves a one-layer BERT whose terms are its tokens (SPLADE)."""
    from sentence_transformers import SparseEncoder
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sparse_encoder.modules import SpladePooling
    from transformers import BertConfig, BertForMaskedLM

    body = bert(folder / "bert")
    BertForMaskedLM(BertConfig.from_pretrained(body)).save_pretrained(body)
    parts = [Transformer(str(body), transformer_task="fill-mask"), SpladePooling()]
    SparseEncoder(modules=parts, device="cpu").save(str(folder / "model"))
    return folder / "model"


def late(folder: Path, seed: int = 0, **options) -> Path:
    """Saves a one-layer BERT with a vector for each token; `options` go to `MultiVectorEncoder`."""
    import torch
    from sentence_transformers import MultiVectorEncoder

    body = str(bert(folder / "bert", seed))
    torch.manual_seed(seed)
    MultiVectorEncoder(body, device="cpu", **options).save(str(folder / "model"))
    return folder / "model"


def bert(folder: Path, seed: int = 0, positions: int = 64) -> Path:
    """Saves a one-layer BERT as transformers does."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    folder.mkdir(parents=True)
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)] + list("0123456789")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{c}" for c in letters)]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=positions, initializer_range=0.5,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    BertTokenizer(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    return folder
