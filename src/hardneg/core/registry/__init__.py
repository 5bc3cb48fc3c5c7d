"""Components by name: rankers, rules, draws, validators, formats, sources, losses and engines.

A component is a frozen dataclass whose fields are its settings. Its name is given where it is defined, by the
decorator of its kind (`@rule("max-score")`); other packages register theirs through entry points (the group
`hardneg.rules` and so on), or by the same decorator in a module that is imported. In recipes and flags a
component is written as `name`, `name:value` (the value fills the field that its `shorthand` names) or
`{name: {setting: value}}`; in Python an instance, a class, or for some kinds a plain function stands wherever
a name does. An instance that has no name is recorded by its import path:
`{"my_package.rules:MinLength": {setting: value}}`.

Recipes and runs may come from anybody. A name or a path in them never imports a module that the user has
neither installed with an entry point nor named in `HARDNEG_IMPORT`, and a path leads to components alone.
"""

from hardneg.core.registry.component import (
    Component,
    adapting,
    call_function,
    first_problem,
    function_class,
    invalid_field,
    positional_count,
    reason_of,
    restored,
    settings_of,
    text_in,
)
from hardneg.core.registry.registry import IMPORTS, Registry

__all__ = [
    "IMPORTS",
    "Component",
    "Registry",
    "adapting",
    "call_function",
    "first_problem",
    "function_class",
    "invalid_field",
    "positional_count",
    "reason_of",
    "restored",
    "settings_of",
    "text_in",
]
