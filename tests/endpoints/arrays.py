"""A server of embeddings and of a reranker made of functions, which can misbehave."""

import json

from tests.llm.llm import FakeLLM, reply


def vector(text):
    """Counts the letters a and b, and one more."""
    return [float(text.count("a")), float(text.count("b")), 1.0]


def score(query, document):
    """Returns how many words both have, less a hundredth of the document's length."""
    return len({*query.split()} & {*document.split()}) - len(document) / 100


class FakeArrays(FakeLLM):
    """Answers `/embeddings`, `/rerank` and `/score`.

    Attributes:
        apis: The ways that it knows: `documents`, `texts` and `score`, by the fields of the request.
        change: Applied to the list of entries before it is sent.
        vectors: From a text to its vector.
    """

    def __init__(self):
        super().__init__()
        self.apis = {"documents", "texts", "score"}
        self.change = lambda entries: entries
        self.vectors = vector

    def _answer(self, handler, request):
        path = handler.path.rpartition("/")[2]
        if path == "embeddings":
            data = [{"index": n, "embedding": self.vectors(text)} for n, text in enumerate(request["input"])]
            body = {"object": "list", "data": self.change(data), "usage": {"total_tokens": 7}}
        elif path == "rerank" and "documents" in request and "documents" in self.apis:
            body = {"results": self._scored(request["query"], request["documents"], "relevance_score")}
        elif path == "rerank" and "texts" in request and "texts" in self.apis:
            body = self._scored(request["query"], request["texts"], "score")
        elif path == "score" and "score" in self.apis:
            body = {"data": self._scored(request["text_1"], request["text_2"], "score")}
        else:
            status = 422 if path == "rerank" and self.apis & {"documents", "texts"} else 404
            reply(json.dumps({"error": {"message": "unknown"}}), status)(handler)
            return
        reply(json.dumps(body))(handler)

    def _scored(self, query, documents, name):
        entries = [{"index": n, name: score(query, text)} for n, text in enumerate(documents)]
        return self.change(sorted(entries, key=lambda entry: -entry[name]))
