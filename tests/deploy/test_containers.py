"""What can be checked of the containers without an engine: commands, settings and files are those of this version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command
from typer.testing import CliRunner

from closeloop.cli import app
from schemas.settings import from_environment

ROOT = Path(__file__).parents[2]
ROOMS = ("streams", "consumers", "gateway", "sandbox")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    composition = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    services: dict[str, Any] = composition["services"]
    return services


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_runs_a_command_with_options_that_exist(services: dict[str, Any], room: str) -> None:
    words = services[room]["command"]
    assert words[0] == room
    shown = CliRunner().invoke(app, [words[0], "--help"], env={"COLUMNS": "200"}).output
    for word in words[1:]:
        assert not word.startswith("--") or word in shown


def test_the_setup_runs_commands_that_exist(services: dict[str, Any]) -> None:
    for line in services["setup"]["command"][0].split("&&"):
        _, *words = line.split()
        command: Any = get_command(app)
        for word in words:
            command = command.commands[word]
        assert command.callback is not None


@pytest.mark.parametrize("room", ROOMS)
def test_every_variable_of_a_room_is_a_setting(services: dict[str, Any], room: str) -> None:
    asked: set[str] = set()

    class Asked(dict[str, str]):
        def get(self, name: str, default: Any = None) -> Any:
            asked.add(name)
            return super().get(name, default)

    from_environment(Asked())
    assert set(services[room]["environment"]) <= asked


def test_every_file_that_the_image_copies_is_there() -> None:
    recipe = (ROOT / "deploy" / "Dockerfile").read_text()
    for line in recipe.splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            *sources, _ = line.removeprefix("COPY ").split()
            for source in sources:
                assert (ROOT / source).exists(), source


def test_services_wait_for_services_that_exist(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
