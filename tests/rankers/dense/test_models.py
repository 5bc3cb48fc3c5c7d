import pytest
import torch

from hardneg.core.components import RANKERS
from hardneg.core.errors import ConfigError
from hardneg.rankers.dense.models import best_precision, has_fast_bf16, search_devices


@pytest.mark.parametrize(
    ("has", "precision"), [("amx_bf16", "bf16"), ("avx512_bf16", "bf16"), ("avx512_f", "fp32")]
)
def test_on_a_processor(monkeypatch, has, precision):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {has: True}, raising=False)
    assert best_precision("cpu") == precision


def test_older_releases_of_torch_are_asked_as_they_could_be(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True, raising=False)
    assert has_fast_bf16()
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported")
    assert not has_fast_bf16()


@pytest.mark.parametrize(("major", "precision"), [(9, "bf16"), (8, "bf16"), (7, "fp16"), (6, "fp32")])
def test_on_a_gpu(monkeypatch, major, precision):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (major, 0))
    assert best_precision("cuda:0") == precision


def test_elsewhere():
    assert best_precision("mps") == "fp32"


def test_where_to_search():
    assert search_devices(None) is None
    assert search_devices("cpu") == []
    assert search_devices("cpu, cpu") == ["cpu", "cpu"]


@pytest.mark.parametrize("kind", ["dense", "sparse", "late", "cross-encoder"])
def test_a_model_has_one_device(kind):
    with pytest.raises(ConfigError, match=r"device: .*several devices; .*--engine ray"):
        RANKERS.make({kind: {"model": "any", "device": "cuda:0,cuda:1"}})


@pytest.mark.parametrize("name", ["cuda:9", "gpu", "cpu,cuda:9"])
def test_a_device_that_torch_has_not_is_an_error(name):
    with pytest.raises(ConfigError, match=r'search_device: cannot use "(cuda:9|gpu)": '):
        search_devices(name)
