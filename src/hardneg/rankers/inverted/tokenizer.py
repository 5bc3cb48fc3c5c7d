"""Texts to terms, in any script: each word is stemmed by its own script, so mixed corpora work.

Words are folded (NFKC, case) and stemmed by Snowball. Scripts that write no spaces between words (Han, kana,
Thai, Lao, Khmer, Myanmar) give overlapping pairs of characters instead.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

from hardneg.rankers.inverted.languages import STEMMED

_RELATED = {"bs": "sr", "hr": "sr", "ms": "id", "nb": "no", "nn": "no"}
_RELATED |= {"be": "ru", "bg": "ru", "mk": "ru", "uk": "ru"}
"""Languages without a stemmer of their own, and the related one whose stemmer serves them."""

_SCRIPTS: tuple[tuple[str, int, int, str], ...] = (
    # name, first and last code point of its letters, the language it is stemmed in if none was detected
    ("latin", 0x0041, 0x024F, "en"),
    ("greek", 0x0370, 0x03FF, "el"),
    ("cyrillic", 0x0400, 0x052F, "ru"),
    ("armenian", 0x0530, 0x058F, "hy"),
    ("hebrew", 0x0590, 0x05FF, ""),
    ("arabic", 0x0600, 0x077F, "ar"),
    ("devanagari", 0x0900, 0x097F, "hi"),
    ("tamil", 0x0B80, 0x0BFF, "ta"),
    ("latin", 0x1E00, 0x1EFF, "en"),
    ("greek", 0x1F00, 0x1FFF, "el"),
)
_UNSEGMENTED = (
    "\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\ua9e0-\ua9ff\uaa60-\uaa7f"  # South-East Asia
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3041-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff"  # kana, Han
    "\uac00-\ud7a3"  # Hangul: written with spaces, but particles are joined to the nouns
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_ASCII = bytes(code if 48 <= code < 58 or 97 <= code < 123 else 32 for code in bytes(range(256)).lower())
"""What each ASCII character becomes: its lower case, or a space between words."""

_WORD = re.compile(r"[^\W_]+")
_UNSEGMENTED_RUN = re.compile(f"[{_UNSEGMENTED}]+")

_MIN_LETTERS = 50

Stem = Callable[[str], str]


def words(text: str) -> list[str]:
    """Returns the folded words of a text, in order; of unsegmented scripts, pairs of characters."""
    if text.isascii():
        return text.encode().translate(_ASCII).decode().split()
    folded = unicodedata.normalize("NFKC", text).replace("\xad", "").replace("İ", "i").casefold()
    folded = unicodedata.normalize("NFKC", folded)
    special, word = _patterns()
    if not special.search(folded):
        return _WORD.findall(folded)
    return [token for run in word.findall(folded) for token in _bigrams(run)]


class Vocabulary(dict[str, int]):
    """The term number of each word: words with the same stem share one; new stems get the next number.

    The stems given have a number already, in their order.
    """

    def __init__(self, stem: Stem, stems: Iterable[str] = ()) -> None:
        self._stem = stem
        self._numbers = {name: number for number, name in enumerate(stems)}

    def __missing__(self, word: str) -> int:
        number = self._numbers.setdefault(self._stem(word), len(self._numbers))
        self[word] = number
        return number

    @property
    def size(self) -> int:
        """Number of terms."""
        return len(self._numbers)

    @property
    def stems(self) -> list[str]:
        """The stem of each term, in the order of their numbers."""
        return list(self._numbers)

    def encode(self, text: str) -> list[int]:
        """Returns the terms of a text, in order; new ones are added."""
        return list(map(self.__getitem__, words(text)))

    def encode_known(self, text: str) -> list[int]:
        """Returns the terms of a text that have a number, in order; nothing is added."""
        numbers = (self.get(word, self._numbers.get(self._stem(word), -1)) for word in words(text))
        return [number for number in numbers if number >= 0]


def detect_languages(texts: Iterable[str]) -> dict[str, str]:
    """Returns the ISO 639 code of the language that most of the texts in each script are written in.

    A text's vote is the number of its letters, as the detector errs on short ones. Scripts with fewer than 50
    letters are left out.
    """
    import py3langid

    votes: dict[str, Counter[str]] = {}
    for text in texts:
        letters = Counter(script for script in map(_script, text) if script)
        if letters:
            script, count = letters.most_common(1)[0]
            votes.setdefault(script, Counter())[py3langid.classify(text)[0]] += count
    return {
        script: min(by_code, key=lambda code: (-by_code[code], code))
        for script, by_code in sorted(votes.items())
        if by_code.total() >= _MIN_LETTERS
    }


def stemmers_for(detected: Mapping[str, str]) -> dict[str, str]:
    """Returns the Snowball algorithm for each script that has one.

    A script in which no language was detected gets its default; one whose language Snowball lacks, none.
    """
    chosen = {name: language for name, _, _, language in _SCRIPTS} | dict(detected)
    algorithms = {name: STEMMED.get(_RELATED.get(code, code), "") for name, code in chosen.items()}
    installed = _installed()
    return {name: algorithm for name, algorithm in sorted(algorithms.items()) if algorithm in installed}


def stemmer(algorithms: Mapping[str, str]) -> Stem:
    """Returns the function that stems a folded word by its script's Snowball algorithm, if it has one.

    In Cyrillic ё becomes е.
    """
    import Stemmer

    stems = {script: Stemmer.Stemmer(name, 0).stemWord for script, name in algorithms.items()}

    def stem(word: str) -> str:
        script = _script(word[0])
        if script == "cyrillic":
            word = word.replace("ё", "е")
        return str(stems[script](word)) if script in stems else word

    return stem


def _bigrams(word: str) -> Sequence[str]:
    if len(word) < 2 or not _UNSEGMENTED_RUN.match(word):
        return (word,)
    return [word[i : i + 2] for i in range(len(word) - 1)]


@cache
def _script(character: str) -> str:
    code = ord(character)
    if not character.isalpha():
        return ""
    return next((name for name, first, last, _ in _SCRIPTS if first <= code <= last), "")


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Returns what matches unsegmented scripts and combining marks; and runs of the former, or words."""
    codes = range(0x300, 0x10000)
    marks = "".join(chr(code) for code in codes if unicodedata.category(chr(code))[0] == "M")
    word = f"[{_UNSEGMENTED}]+|(?:(?![{_UNSEGMENTED}])[^\\W_]|[{marks}])+"
    return re.compile(f"[{_UNSEGMENTED}{marks}]"), re.compile(word)


@cache
def _installed() -> frozenset[str]:
    import Stemmer

    return frozenset(Stemmer.algorithms())
