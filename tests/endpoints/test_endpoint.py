"""Where a model is served, and how its key is kept from files and screens."""

import pytest

from hardneg.core.errors import ConfigError
from hardneg.endpoints.endpoint import DEFAULT_KEY, Endpoint

KEY = "sk-Abc/123+x"


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    monkeypatch.delenv(DEFAULT_KEY, raising=False)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://localhost:8000/v1", "http://localhost:8000/v1"), (" https://host/v1/ ", "https://host/v1"),
        ("https://host/v1/chat/completions", "https://host/v1"), ("http://[::1]:80/", "http://[::1]:80"),
    ],
)  # fmt: skip
def test_the_base_of_the_url_is_kept(given, url):
    assert Endpoint.of(given, None) == Endpoint(url, "")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("localhost:8000", "is no URL"), ("ftp://host", "is no URL"), ("http://", "is no URL"),
        ("", "is no URL"),
        ("http://ho st", "is no URL"), ("http://h\\ost", "is no URL"),
        ("http://h\x07", 'endpoint "that was given" is no'),
        ("http://user:word@host", "must hold no user, password or query"),
        ("http://host?key=1", "must hold no user"),
        ("http://host/#x", "must hold no user"), ("http://host:word", "the port"),
        ("http://host:0", "the port"),
        ("http://host:65536", "the port"),
    ],
)  # fmt: skip
def test_what_is_no_url_or_holds_a_secret_is_refused(url, message):
    with pytest.raises(ConfigError, match=message) as caught:
        Endpoint.of(url, None)
    assert "word" not in str(caught.value).replace("password", "")


def test_the_key_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv(DEFAULT_KEY, f" {KEY}\n")
    monkeypatch.setenv("OWN", "other")
    assert Endpoint.of("http://host", None).key == KEY and Endpoint.of("http://host", "OWN").key == "other"
    assert KEY not in repr(Endpoint.of("http://host", None))
    with pytest.raises(ConfigError, match="NONE is not set"):
        Endpoint.of("http://host", "NONE")
    for wrong in ("a b", "ключ", "a\x00b".replace("\x00", "\x01")):
        monkeypatch.setenv("OWN", wrong)
        with pytest.raises(ConfigError, match="OWN holds characters that no key has"):
            Endpoint.of("http://host", "OWN")


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True), ("a.localhost.", True), ("127.0.0.1", True), ("127.1", True), ("[::1]", True),
        ("0.0.0.0", True), ("[::ffff:127.0.0.1]", True), ("192.168.0.1", False), ("localhost.org", False),
        ("example.org", False), ("[2001:db8::1]", False),
    ],
)  # fmt: skip
def test_this_machine_is_known_by_its_names(host, local):
    assert Endpoint(f"http://{host}:8000/v1", "").is_local is local


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        ("abcdef1", False), ("abcdef12", True), ("12345678", False), ("abcdefgh", False), ("a" * 19, False),
        ("a" * 20, True), ("", False),
    ],
)  # fmt: skip
def test_an_ordinary_word_is_no_secret(key, secret):
    assert Endpoint("http://host", key).has_secret is secret


@pytest.mark.parametrize(
    "written",
    [
        KEY, KEY.lower(), r"sk-Abc\/123+x", "sk-Abc%2F123%2Bx", "sk-Abc%252f123%252Bx", r"sk\u002dAbc/123+x",
        "sk-Abc&#47;123&#x2B;x", r"\x73k-Abc/123+x",
    ],
)  # fmt: skip
def test_the_key_is_hidden_however_it_is_written(written):
    endpoint = Endpoint("http://host", KEY)
    assert endpoint.hide(f"say {written}!") == endpoint.hide_in_message(f"say {written}!") == "say [key]!"


def test_a_short_key_is_hidden_in_errors_and_left_in_answers():
    word = Endpoint("http://host", "amber")
    assert word.hide("amber") == "amber" and word.hide_in_message("amber") == "[key]"
    assert Endpoint("http://host", "abc").hide_in_message("abc") == "abc"
    assert Endpoint("http://host", "").hide_in_message("abc") == "abc"
    assert Endpoint("http://host", KEY).hide("sk-Abc 123+x") == "sk-Abc 123+x"
