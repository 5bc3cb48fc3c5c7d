"""The fastest number format of a device, and models converted to it."""

from __future__ import annotations

from typing import Any, Literal

Precision = Literal["fp32", "bf16", "fp16"]

_BF16_SINCE = 8
_FP16_SINCE = 7


def best_precision(device: str) -> Precision:
    """Returns the fastest number format of a device that keeps results within rounding.

    That is bf16 on processors with AMX or AVX512-BF16 and on GPUs of compute capability 8 and later, fp16 on
    those of 7, fp32 on all others.

    Args:
        device: As torch names it.
    """
    import torch

    if device.startswith("cuda"):
        major, _ = torch.cuda.get_device_capability(device)
        return "bf16" if major >= _BF16_SINCE else "fp16" if major >= _FP16_SINCE else "fp32"
    return "bf16" if device == "cpu" and has_fast_bf16() else "fp32"


def has_fast_bf16() -> bool:
    """Returns whether the processor multiplies bf16 matrices in hardware, and torch uses it."""
    try:
        import torch
    except ImportError:
        return False
    capabilities = getattr(torch.cpu, "get_capabilities", None)
    if capabilities is not None:
        return any(capabilities().get(name) for name in ("amx_bf16", "avx512_bf16"))
    checks = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")  # before torch 2.11
    return any(getattr(torch.cpu, name, bool)() for name in checks)


def convert(model: Any, precision: Precision) -> Any:
    """Returns the model with its first module, the transformer, in this precision; the rest stays fp32.

    Pooling and normalising in fp32 costs nothing and loses no further digits.

    Args:
        model: A sentence-transformers model, changed in place.
        precision: fp32 changes nothing.
    """
    if precision == "fp32":
        return model
    first = model[0]
    first.bfloat16() if precision == "bf16" else first.half()
    first.register_forward_hook(_to_fp32)
    return model


def _to_fp32(module: Any, args: Any, features: dict[str, Any]) -> dict[str, Any]:
    """Returns the features of a module with all floating-point numbers in fp32."""
    return {
        name: value.float() if hasattr(value, "is_floating_point") and value.is_floating_point() else value
        for name, value in features.items()
    }
