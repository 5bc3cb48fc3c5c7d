"""The page of commands is made of the commands."""

from hardneg.cli.reference import reference
from tests.pages import page


def test_the_page_of_commands_is_up_to_date():
    assert page("commands.md") == reference(), "python -m hardneg.cli.reference > docs/commands.md"
