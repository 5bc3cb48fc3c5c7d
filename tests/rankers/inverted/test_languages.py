import pytest

from hardneg.core.errors import ConfigError
from hardneg.rankers.inverted.languages import language_code, scripts_of


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("russian", "ru"),
        ("RU", "ru"),
        ("English", "en"),
        ("rus", "ru"),
        ("chinese", "zh"),
        ("zh", "zh"),
        ("zho", "zh"),
        ("chi", "zh"),
        ("zh-CN", "zh"),
        ("zh_Hant_TW", "zh"),
        ("ja", "ja"),
        ("th", "th"),
        ("pt-BR", "pt"),
        ("norwegian bokmål", "nb"),
        ("vietnamese", "vi"),
    ],
)
def test_languages_by_name_or_code(name, code):
    assert language_code(name) == code


@pytest.mark.parametrize(
    ("code", "scripts"),
    [
        ("ru", ["cyrillic"]),
        ("sr", ["latin", "cyrillic"]),
        ("de", ["latin"]),
        ("el", ["greek"]),
        ("vi", ["latin"]),
        ("ur", ["arabic"]),
        ("zh", []),
    ],
)
def test_a_language_goes_to_its_scripts(code, scripts):
    assert scripts_of(code) == dict.fromkeys(scripts, code)


def test_unknown_language_suggests_the_nearest():
    with pytest.raises(ConfigError, match='unknown language "rusian"; did you mean "russian"'):
        language_code("rusian")
