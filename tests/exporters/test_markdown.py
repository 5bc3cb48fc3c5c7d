"""Texts of others in Markdown: shown, and no markup."""

import pytest

from hardneg.exporters.markdown import block, code, plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a *b* [c](d) | \\", r"a \*b\* \[c\](d) \| \\"), ("# a", r"\# a"), ("> a", r"\> a"),
        ("a # > b", "a # > b"),
        ("<script> </b> <!-- 1 < 2", "&lt;script> &lt;/b> &lt;!-- 1 < 2"),
        ("two\nlines\x1b", "two lines\\\\x1b"),
        ("a `span` of code", "a `span` of code"), ("a ` alone", r"a \` alone"), ("``` x", r"\`\`\` x"),
        ("`` x ``", r"\`\` x \`\`"),
        (5, "5"),
    ],
)  # fmt: skip
def test_a_plain_text_begins_no_markup(text, shown):
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a", "`a`"), ("a|b", r"`a\|b`"), ("a`b", "`` a`b ``"), ("``", "``` `` ```"), ("a\nb", "`a b`"),
        (None, "`None`"), ("<b>", "`<b>`"),
    ],
)  # fmt: skip
def test_a_span_of_code_is_fenced_by_more_than_it_holds(text, shown):
    assert code(text) == shown


def test_a_block_is_fenced_by_more_than_it_holds():
    assert block("python", "a\nb") == "```python\na\nb\n```"
    assert block("", "```\nx\n````") == "`````\n```\nx\n````\n`````"
    assert block("sh", "\x1b[2J") == "```sh\n\\x1b[2J\n```"
