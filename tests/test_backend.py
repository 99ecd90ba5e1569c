import runpy

import pytest

from helpers import backend


def pretend_gpus(monkeypatch, *details):
    config = backend.tf.config
    monkeypatch.setattr(config, "list_physical_devices", lambda kind: list(range(len(details))))
    monkeypatch.setattr(config.experimental, "get_device_details", details.__getitem__)


@pytest.mark.parametrize(
    ("details", "precision"),
    [
        ([{"compute_capability": (9, 0)}], "mixed_bfloat16"),
        ([{"compute_capability": (10, 0)}, {"compute_capability": (8, 0)}], "mixed_bfloat16"),
        ([{"compute_capability": (9, 0)}, {"compute_capability": (7, 5)}], "float32"),
        ([{"device_name": "METAL"}], "float32"),
    ],
)
@pytest.mark.parametrize("flags", ["avx512_bf16", "sse"])
def test_where_there_are_gpus_they_decide_on_the_precision(monkeypatch, tmp_path, details, precision, flags):
    (tmp_path / "cpuinfo").write_text(flags)
    monkeypatch.setattr(backend, "Path", lambda path: tmp_path / "cpuinfo")
    pretend_gpus(monkeypatch, *details)
    assert backend.choose_precision() == precision


@pytest.mark.parametrize(("flags", "precision"), [("avx512_bf16", "mixed_bfloat16"), ("sse", "float32")])
def test_without_a_gpu_the_processor_decides(monkeypatch, tmp_path, flags, precision):
    (tmp_path / "cpuinfo").write_text(flags)
    monkeypatch.setattr(backend, "Path", lambda path: tmp_path / "cpuinfo")
    pretend_gpus(monkeypatch)
    assert backend.choose_precision() == precision


@pytest.mark.parametrize("used", [False, True])
def test_a_process_takes_no_more_of_a_gpu_than_it_needs(monkeypatch, used):
    """The module is executed once more; to import TensorFlow in another process would take seconds."""
    config, grown = backend.tf.config, []
    real = config.list_physical_devices

    def grow(gpu, growth):
        if used:
            raise RuntimeError("Physical devices cannot be modified after being initialized")
        grown.append((gpu, growth))

    monkeypatch.setattr(
        config, "list_physical_devices", lambda kind=None: ["one", "two"] if kind == "GPU" else real(kind)
    )
    monkeypatch.setattr(config.experimental, "set_memory_growth", grow)
    again = runpy.run_path(backend.__file__)
    assert again["keras"] is backend.keras
    assert grown == ([] if used else [("one", True), ("two", True)])
