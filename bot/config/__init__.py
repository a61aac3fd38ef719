"""What the operator sets: the environment and the policy file.

`load` reads both, or raises one `ConfigError` that names everything wrong with them.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.config.environment import TELEGRAM, Listen, Settings, read_database_url, read_environment
from bot.config.example import default_policy_text, policy_text, write_default_policy
from bot.config.policy_file import read_policy, read_policy_file
from bot.config.problems import ConfigError
from bot.rules.policy import Policy

__all__ = [
    "TELEGRAM",
    "Config",
    "ConfigError",
    "Listen",
    "Settings",
    "default_policy_text",
    "load",
    "policy_text",
    "read_database_url",
    "read_environment",
    "read_policy",
    "read_policy_file",
    "write_default_policy",
]

POLICY_FILE = "duologue.toml"


@dataclass(frozen=True, slots=True)
class Config:
    """Everything set from outside. `policy_path` is the file the policy was read from, if there is one."""

    settings: Settings
    policy: Policy
    policy_path: Path | None = None


def load(environ: Mapping[str, str] | None = None, cwd: Path | None = None) -> Config:
    """Read the environment and the policy file; relative paths start at `cwd`.

    Without arguments: of this process. Raises `ConfigError`.
    """
    folder = (cwd or Path.cwd()).absolute()
    settings = read_environment(os.environ if environ is None else environ, folder)
    named, path = settings.policy, settings.policy or folder / POLICY_FILE
    if named is None and not path.exists():
        return Config(settings, Policy())
    try:
        return Config(settings, read_policy_file(path), path)
    except FileNotFoundError:
        raise ConfigError(
            f"DUOLOGUE_POLICY: expected the path of a policy file, {path} does not exist"
        ) from None
