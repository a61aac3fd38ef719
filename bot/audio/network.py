"""A network from an ONNX file, loaded once and run on several inputs at the same time."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

THREADS = 2
"""Inputs that are worked on at once. Sharing one input among threads gains a quarter, two inputs nearly half."""

Numbers = npt.NDArray[np.float32]

onnxruntime.disable_telemetry_events()  # newer ones would keep an id of this machine and tell its maker about runs


class Network:
    """A network with one input and one output of interest, its first. Reads its file when it is made."""

    def __init__(self, path: Path, threads: int = THREADS) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # it would keep the memory of the largest run for good
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self._threads = ThreadPoolExecutor(threads, "network")

    def run(self, inputs: Iterable[Numbers]) -> list[Numbers]:
        """The output for each input, in their order."""
        return list(self._threads.map(self._run, inputs))

    def _run(self, values: Numbers) -> Numbers:
        output: Numbers = self._session.run(None, {self._input: values})[0]
        return output.astype(np.float32)
