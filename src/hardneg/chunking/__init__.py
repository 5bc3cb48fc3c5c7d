"""Cuts long documents into chunks that a model reads whole, and carries judgments over to the chunks.

Reads a collection, writes a folder that is a source of its own (`hardneg.sources.chunks`): documents cut at
the ends of paragraphs and sentences, judgments of the best chunk of each relevant document, and the pairs
that are neither positive nor negative. Collections are never changed.
"""

from __future__ import annotations

from hardneg.chunking.chunk_settings import ChunkSettings
from hardneg.chunking.chunked_run import chunk, mine

__all__ = ["ChunkSettings", "chunk", "mine"]
