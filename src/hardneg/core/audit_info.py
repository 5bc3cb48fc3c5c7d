"""audit.json of a run: the audit writes it; the report, the card and comparisons read it, checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hardneg.core.errors import DataError
from hardneg.core.registry import invalid_field
from hardneg.core.state_files import read_state

FILE = "audit.json"
_MEND = "delete it and run hardneg audit again"

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
    discrimination: dict[str, _Share | None] = {}
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
        audit = read_state(path, _MEND)
        _Audit.model_validate(audit)
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise DataError(f"{path} is damaged: {invalid_field(error)}; {_MEND}") from None
    return audit
