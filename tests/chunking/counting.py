"""Counters of tokens that a person can follow: words, Chinese characters and marks; or letters."""

from tokenizers import Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import WordLevel
from tokenizers.processors import TemplateProcessing

from hardneg.chunking.splitter import TokenCounter


def words(prompt=""):
    """Counts words, single Chinese characters and punctuation marks, and two special tokens a text."""
    tokenizer = Tokenizer(WordLevel({"?": 0}, unk_token="?"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return TokenCounter(_with_special(tokenizer), prompt, "words")


def letters():
    """Counts letters, and two special tokens a text."""
    tokenizer = Tokenizer(WordLevel({"?": 0}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    return TokenCounter(_with_special(tokenizer), "", "letters")


def _with_special(tokenizer):
    tokenizer.post_processor = TemplateProcessing("? $0 ?", special_tokens=[("?", 0)])
    tokenizer.enable_truncation(8)  # which a counter must turn off
    tokenizer.enable_padding(length=8)
    return tokenizer
