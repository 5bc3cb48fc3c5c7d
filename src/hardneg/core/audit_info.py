"""audit.json of a run: the audit writes it; the report, the card and comparisons read it, checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hardneg.core.errors import DataError
from hardneg.core.registry import invalid_field

FILE = "audit.json"

_Share = Annotated[float, Field(ge=0, le=1)]
_Count = Annotated[int, Field(ge=0)]


class _Shape(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class _Interval(_Shape):
    rate: _Share
    low: _Share
    high: _Share


class _Estimate(_Interval):
    method: str
    confidence: _Share = 0.95
    judged: _Count = 0
    notes: list[str] = []


class _Group(_Interval):
    count: _Count


class _Point(_Interval):
    setting: str
    threshold: float
    hardness: float | None
    negatives: _Count


class _Target(_Shape):
    rate: _Share
    threshold: float | None = None
    flag: str | None = None
    reached: _Point | None = None


class _Audit(_Estimate):
    estimates: dict[str, _Estimate] = {}
    hardness: dict[str, float | None] = {}
    by: dict[str, dict[str, _Group]] = {}
    trade_off: list[_Point] = []
    target: _Target | None = None


def read(folder: Path) -> Mapping[str, Any] | None:
    """Returns the audit of a run directory, None where it was not audited.

    Raises:
        DataError: The file is damaged or was changed.
    """
    path = folder / FILE
    try:
        audit: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        _Audit.model_validate(audit)
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise _damaged(path, invalid_field(error)) from None
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path, str(error)) from None
    return audit


def _damaged(path: Path, why: str) -> DataError:
    return DataError(f"{path} is damaged: {why}; delete it and run hardneg audit again")
