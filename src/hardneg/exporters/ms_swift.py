"""ms-swift's JSON lines, for its embedding and reranker training.

As documented in its `BestPractices/{Embedding,Reranker}.md` and read by `swift.template.base.Template`
(ms-swift 4.6.0, `_embedding_encode`, `_reranker_encode`): `messages` holds the query as a user's message,
`positive_messages` and `negative_messages` hold a conversation for every document. The embedding task trains
on the first positive of a row only, so a query with several positives gets a row for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Format, Written, file_format
from hardneg.core.records import Example, Scored
from hardneg.exporters.checks import Line, read_lines
from hardneg.exporters.rows import Notes, usable, write_rows


@file_format("ms-swift")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class MsSwift(Format):
    """Lines of `messages, positive_messages, negative_messages`.

    Attributes:
        split_positives: Write a row for every positive; false puts all positives of a query into one row, of
            which the reranker draws `MAX_POSITIVE_SAMPLES` and the embedding task reads the first.
        system: A system message before the query, the reranker's instruction; None for the query's own prompt
            in the source, if it has one.
    """

    split_positives: bool = True
    system: str | None = None

    carries_prompts: ClassVar[bool] = True
    usage: ClassVar[str] = "swift sft --task_type embedding --loss_type infonce --dataset {out} ..."

    def write(self, examples: Iterable[Example], out: Path) -> Written:
        """Writes the lines; examples without a positive or a negative are skipped."""
        notes = Notes()
        return write_rows(self._rows(usable(examples, notes)), out, notes)

    def lint(self, out: Path) -> None:
        """Checks that every conversation has messages with a text in them."""
        for line in read_lines(out):
            _contents(line, line.items("messages"), '"messages"')
            positives, negatives = (
                [text for value in line.items(key) for text in _contents(line, value, f'"{key}"')]
                for key in ("positive_messages", "negative_messages")
            )
            line.apart(positives, negatives)

    def _rows(self, examples: Iterable[Example]) -> Iterator[dict[str, Any]]:
        for example in examples:
            system = self.system or example.prompt
            before = [_message("system", system)] if system else []
            groups = [[doc] for doc in example.positives] if self.split_positives else [example.positives]
            for group in groups:
                yield {
                    "messages": [*before, _message("user", example.query)],
                    "positive_messages": _conversations(group),
                    "negative_messages": _conversations(example.negatives),
                }


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _conversations(docs: Sequence[Scored]) -> list[list[dict[str, str]]]:
    return [[_message("assistant", doc.full)] for doc in docs]


def _contents(line: Line, messages: Any, where: str) -> list[str]:
    if not isinstance(messages, list) or not messages:
        raise line.fault(f"{where}: a list of messages is expected, found {messages!r}")
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in ("system", "user", "assistant"):
            raise line.fault(f"{where}: a message with a role and a content is expected, found {message!r}")
    return [line.string(message.get("content"), f"{where} content") for message in messages]
