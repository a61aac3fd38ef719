"""What listeners would say of a recording, as a network predicts it."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bot.audio.levels import Samples
from bot.audio.network import THREADS, Network
from bot.rules.audio import Quality

_WINDOW = 144_160
"""Samples at 16 kHz (9.01 s) that the network hears at once: the only size it takes."""

_WINDOWS = 8
"""Windows that are rated at most. They differ by 0.1 to 0.25 (standard deviation) within a recording, so the mean
of eight is within 0.1 of that of all twenty in three minutes, at less than half the price."""

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

    def __init__(self, threads: int = THREADS) -> None:
        """Load the network, to work on that many windows at once. Raises ModelMissing."""
        self._network = Network(_model(), threads)

    def rate(self, x: Samples) -> Quality | None:
        """The mean over windows of 9 s, spread evenly, of 16 kHz mono audio; None for digital silence or nothing.

        Shorter audio is repeated to fill the window, as the authors do. Each value is kept within 1 to 5.
        """
        if not np.any(x):
            return None
        whole = np.resize(x, _WINDOW) if len(x) < _WINDOW else x
        count = min(_WINDOWS, len(whole) // _WINDOW)
        starts = np.linspace(0, len(whole) - _WINDOW, count).astype(int)
        # One window an input: batches take more memory and no less time.
        rated = np.concatenate(self._network.run(whole[None, start : start + _WINDOW] for start in starts))
        signal, background, overall = (
            _scale(polynomial, rated[:, column])
            for column, polynomial in enumerate((_SIGNAL, _BACKGROUND, _OVERALL))
        )
        return Quality(signal=signal, background=background, overall=overall)


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
