"""What befalls the programs: killed, stopped for a while, cut off from the server."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Sequence

from tests.programs import Program
from tests.servers import Server


class Trouble:
    """Strikes one program after another, as long as it is told to; at least one is always left alone."""

    def __init__(self, programs: Sequence[Program], server: Server, seed: int = 1) -> None:
        self._programs, self._server = programs, server
        self._random = random.Random(seed)
        self.struck: Counter[str] = Counter()

    async def run(self, every: float) -> None:
        """Strike about so often (seconds), until cancelled."""
        while True:
            await asyncio.sleep(every * (0.5 + self._random.random()))
            program = self._random.choice(self._programs)
            name = self._random.choice(["killed", "stopped", "cut off"])
            self.struck[name] += 1
            if name == "killed":
                await program.end()
                await asyncio.sleep(self._random.random() * 2)
                await program.start()
            elif name == "stopped":
                program.signal(signal.SIGSTOP)
                try:
                    await asyncio.sleep(1 + self._random.random() * 9)
                finally:
                    program.signal(signal.SIGCONT)
            else:
                until = asyncio.get_running_loop().time() + 1 + self._random.random() * 7
                while asyncio.get_running_loop().time() < until:
                    await self._server.run(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        f" WHERE application_name = 'duologue {program.pid}'"
                    )
                    await asyncio.sleep(0.1)
