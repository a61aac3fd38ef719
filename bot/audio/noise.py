"""How loud it is between the words, and how far the words stand above it."""

import math

import numpy as np
import numpy.typing as npt

from bot.audio.levels import Samples
from bot.audio.speech import FRAME
from bot.rules.audio import SILENCE_DBFS

_QUIET = 0.15  # a frame less likely than this to be speech is a pause
_LOUD = 0.7  # a frame more likely than this is speech
_PAUSES = 20  # frames (0.64 s): fewer may be one breath
_TALK = 32  # frames (1 s) of speech: with less there is nothing that noise could lie between
_LOWEST = 0.05  # quantile of all frames that stands in for the pauses where there are none
_FLOOR = 10 ** (SILENCE_DBFS / 10)


def noise(x: Samples, probabilities: npt.ArrayLike) -> tuple[float | None, float | None]:
    """The noise floor in dBFS (RMS, mean square of full scale = 0 dB), and the speech over it in dB.

    `x` is 16 kHz mono, `probabilities` how likely each of its frames of `FRAME` samples is speech.

    The floor is the median energy of the frames that are pauses, so that breaths and clatter count for
    nothing, or the 5 % quietest frame of all if nobody pauses. The ratio takes it from the mean energy of the
    speech frames. Both end at `SILENCE_DBFS`; None and None without a second of speech.

    What it cannot see: noise that stops between the words, because a telephone mutes its pauses. And it reads
    high by some dB where the noise itself comes and goes, as other people's talk does: the median sits in its gaps.
    """
    likely = np.asarray(probabilities, dtype=np.float32)
    energy = (x[: len(likely) * FRAME].reshape(-1, FRAME) ** 2).mean(axis=1, dtype=np.float64)
    speech, pauses = energy[likely > _LOUD], energy[likely < _QUIET]
    if len(speech) < _TALK:
        return None, None
    below = np.median(pauses) if len(pauses) >= _PAUSES else np.quantile(energy, _LOWEST)
    floor = max(_FLOOR, float(below))
    above = max(_FLOOR, float(speech.mean()) - floor)
    return 10 * math.log10(floor), 10 * math.log10(above / floor)
