import pytest

from hardneg.rankers.inverted.tokenizer import (
    Vocabulary,
    detect_languages,
    stemmer,
    stemmers_for,
    words,
)

DEFAULTS = stemmers_for({})


def stems(text, algorithms=DEFAULTS):
    return [stemmer(algorithms)(word) for word in words(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("... -- !", []),
        ("Don't snake_case C++ 3.14", ["don", "t", "snake", "case", "c", "3", "14"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("ﬁne ｆｕｌｌ e\u0301te\u0301", ["fine", "full", "été"]),
        ("exam\u00adple İstanbul", ["example", "istanbul"]),
        ("ὀδός ΟΔΟΣ", ["ὀδόσ", "οδοσ"]),
        ("中", ["中"]),
        ("信息检索", ["信息", "息检", "检索"]),
        ("iPhone手机 15", ["iphone", "手机", "15"]),
        ("カタカナ。ひら", ["カタ", "タカ", "カナ", "ひら"]),
        ("ไทย", ["ไท", "ทย"]),
        ("한국어 글", ["한국", "국어", "글"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("_под_черк_", ["под", "черк"]),
    ],
)
def test_words_by_script(text, expected):
    assert words(text) == expected


def test_each_script_is_stemmed_in_its_own_language():
    assert stems("Поисковые системы running dogs 信息检索") == [
        "поисков",
        "систем",
        "run",
        "dog",
        "信息",
        "息检",
        "检索",
    ]


def test_yo_is_folded():
    assert stems("ёжики ежики Чёрный") == ["ежик", "ежик", "черн"]
    assert stems("ёлка", {}) == ["елка"]


def test_detected_language_stems_its_script_others_keep_their_defaults():
    algorithms = stemmers_for({"latin": "de"})
    assert algorithms["latin"] == "german"
    assert algorithms["cyrillic"] == "russian"
    assert stems("Häuser", algorithms) == stems("Haus", algorithms)


def test_a_detected_language_without_stemmer_stays_unstemmed_unless_a_near_one_serves():
    assert "latin" not in stemmers_for({"latin": "vi"})
    assert stemmers_for({"cyrillic": "uk"})["cyrillic"] == "russian"


def test_detection_goes_by_script():
    texts = [
        "This is a plain English sentence about searching through large collections of documents.",
        "Это обычное русское предложение о поиске в больших собраниях документов.",
        "Dies ist ein kurzer Satz.",
        "12345 !!!",
    ]
    assert detect_languages(texts) == {"cyrillic": "ru", "latin": "en"}
    assert detect_languages([]) == {}


def test_the_vocabulary_numbers_stems_and_leave_unknown_ones_out_of_queries():
    vocabulary = Vocabulary(stemmer(DEFAULTS))
    assert vocabulary.encode("dog dogs cat") == [0, 0, 1]
    assert vocabulary.encode_known("cats dog bird dogs") == [1, 0, 0]
    assert vocabulary.size == 2
