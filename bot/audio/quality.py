"""What listeners would say of a recording, as a network predicts it."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from bot.audio.levels import Samples
from bot.rules.audio import Quality

_WINDOW = 144_160
"""Samples at 16 kHz (9.01 s) that the network hears at once: the only size it takes."""

_WINDOWS = 9
"""Windows that are rated at most. They differ by 0.1 to 0.25 (standard deviation) within a recording, so the mean
of nine is within 0.1 of that of all twenty in three minutes, at half the price."""

# The polynomials from the network's three outputs to its scale, highest power first, as published with it.
_SIGNAL = (-0.08397278, 1.22083953, 0.0052439)
_BACKGROUND = (-0.13166888, 1.60915514, -0.39604546)
_OVERALL = (-0.06766283, 1.11546468, 0.04602535)


class QualityModel:
    """DNSMOS P.835 (C. Reddy, V. Gopal, R. Cutler, ICASSP 2022), loaded once: its ONNX file, without its package.

    The file comes with the package speechmos, whose own code would load librosa. Of the two models in there this
    is the one for everybody's speech; the other one ("personalised") hears all but one speaker as a disturbance,
    and finds the speech of music good.

    Its level matters a little, as it does to listeners: the same talk 20 dB fainter loses 0.25 overall.
    """

    def __init__(self, threads: int = 1) -> None:
        """Load the network, to run in that many threads. Raises ModelMissing."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.enable_cpu_mem_arena = False  # it would keep the memory of the largest run for good
        self._session = onnxruntime.InferenceSession(
            str(_model()), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name

    def rate(self, x: Samples) -> Quality | None:
        """The mean over windows of 9 s, spread evenly, of 16 kHz mono audio; None for digital silence or nothing.

        Shorter audio is repeated to fill the window, as the authors do. Each value is kept within 1 to 5.
        """
        if not np.any(x):
            return None
        whole = np.resize(x, _WINDOW) if len(x) < _WINDOW else x
        count = min(_WINDOWS, len(whole) // _WINDOW)
        starts = np.linspace(0, len(whole) - _WINDOW, count).astype(int)
        rated = np.array([self._run(whole[start : start + _WINDOW]) for start in starts])
        signal, background, overall = (
            _scale(polynomial, rated[:, column])
            for column, polynomial in enumerate((_SIGNAL, _BACKGROUND, _OVERALL))
        )
        return Quality(signal=signal, background=background, overall=overall)

    def _run(self, window: Samples) -> Samples:
        """The network's three outputs for one window; one at a time, which takes the least memory."""
        (outputs,) = self._session.run(None, {self._input: window[None].astype(np.float32)})
        raw: Samples = outputs[0]
        return raw


class ModelMissing(RuntimeError):
    """The file of the network is not installed: the installation is at fault."""


def _model() -> Path:
    """Where the network's file is. The package is found, but not imported. Raises ModelMissing."""
    spec = importlib.util.find_spec("speechmos")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "dnsmos_models" / "sig_bak_ovr.onnx"
        if path.is_file():
            return path
    raise ModelMissing("speechmos with dnsmos_models/sig_bak_ovr.onnx")


def _scale(polynomial: Sequence[float], raw: Samples) -> float:
    """Mean of the outputs on the scale of P.835."""
    return float(np.clip(np.polyval(polynomial, raw).mean(), 1, 5))
