"""The manifests against the schemas of three versions of Kubernetes, and what the documentation says of them."""

from __future__ import annotations

import copy
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from typer.main import get_command

from closeloop.cli import app
from schemas.loop_yaml import load
from schemas.settings import from_environment
from schemas.topics import catalogue

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
VERSIONS = ("1.32", "1.34", "1.37")
"""The oldest that is meant, one between, and the newest whose schemas are at hand."""
ROOMS = ("streams", "consumers", "gateway")
SECRETS = {"DATABASE_URL_FILE", "SLACK_BOT_TOKEN_FILE", "SLACK_SIGNING_SECRET_FILE"}
Manifest = dict[str, Any]


def documents(path: Path) -> Iterator[Manifest]:
    yield from (document for document in yaml.safe_load_all(path.read_text()) if document)


def manifests() -> list[tuple[str, Manifest]]:
    """Every object that would be applied, with the file it stands in."""
    return [
        (f"{path.parent.name}/{path.name} {document['kind']}/{document['metadata']['name']}", document)
        for path in sorted(FOLDER.glob("*/*.yaml"))
        if path.name not in ("kustomization.yaml", "loop.yaml")
        for document in documents(path)
    ]


def patched(manifest: Manifest, patch: str) -> Manifest:
    """The manifest after the operations of a JSON patch (RFC 6902), of which kustomize has the rest."""
    made: Any = copy.deepcopy(manifest)
    for operation in yaml.safe_load(patch):
        *way, last = operation["path"].strip("/").split("/")
        place = made
        for step in way:
            place = place[int(step) if isinstance(place, list) else step]
        if last == "-":
            place.append(operation["value"])
        elif operation["op"] == "add":
            place[last] = operation["value"]
        else:
            assert last in place, operation
            del place[last]
            if operation["op"] == "replace":
                place[last] = operation["value"]
    changed: Manifest = made
    return changed


def with_spool() -> list[tuple[str, Manifest]]:
    """What the component `spool` makes of the manifests that it changes."""
    (component,) = documents(FOLDER / "spool" / "kustomization.yaml")
    return [
        (f"spool/{target['kind']}", patched(found, patch["patch"]))
        for patch in component["patches"]
        for target in [patch["target"]]
        for found in [one for _, one in manifests() if one["kind"] == target["kind"]]
        if found["metadata"]["name"] == target["name"]
    ]


SPOOLED = with_spool()
ALL = manifests()
BUILT_IN = [(name, manifest) for name, manifest in ALL + SPOOLED if manifest["apiVersion"] != "keda.sh/v1alpha1"]
WORKLOADS = [
    (name, manifest) for name, manifest in ALL + SPOOLED if manifest["kind"] in ("Deployment", "StatefulSet", "Job")
]


def pod(manifest: Manifest) -> Manifest:
    spec: Manifest = manifest["spec"]["template"]["spec"]
    return spec


def containers(manifest: Manifest) -> list[Manifest]:
    return [*pod(manifest).get("initContainers", []), *pod(manifest)["containers"]]


def settings() -> dict[str, str]:
    lines = (FOLDER / "base" / "settings.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def deployment(room: str) -> Manifest:
    return next(m for _, m in WORKLOADS if m["metadata"]["name"] == f"closeloop-{room}")


@pytest.mark.parametrize(("name", "manifest"), BUILT_IN, ids=[name for name, _ in BUILT_IN])
def test_a_manifest_keeps_to_the_schema_of_its_kind(name: str, manifest: Manifest) -> None:
    for version in VERSIONS:
        kubernetes_validate.validate(manifest, version, strict=True)


def test_a_wrong_field_would_be_found() -> None:
    manifest = deployment("streams") | {"spec": deployment("streams")["spec"] | {"replica": 2}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, VERSIONS[-1], strict=True)


@pytest.mark.parametrize("folder", ["base", "setup", "rooms", "autoscaling"])
def test_every_file_is_listed_where_it_lies(folder: str) -> None:
    listed = next(documents(FOLDER / folder / "kustomization.yaml"))
    files = {path.name for path in (FOLDER / folder).iterdir()} - {"kustomization.yaml"}
    named = {resource for resource in listed["resources"] if not resource.startswith("../")}
    for generated in listed.get("configMapGenerator", []):
        named |= {*generated.get("files", []), *generated.get("envs", [])}
    assert named == files
    for resource in listed["resources"]:
        assert (FOLDER / folder / resource).exists(), resource


@pytest.mark.parametrize(("name", "manifest"), WORKLOADS, ids=[name for name, _ in WORKLOADS])
def test_a_pod_could_not_do_harm(name: str, manifest: Manifest) -> None:
    spec = pod(manifest)
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False, "a Service would set variables that look like settings"
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    claims = manifest["spec"].get("volumeClaimTemplates", [])
    written = {volume["name"] for volume in spec["volumes"] if "emptyDir" in volume}
    written |= {claim["metadata"]["name"] for claim in claims}
    for container in containers(manifest):
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"] is True
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert set(container["resources"]) == {"requests", "limits"}
        for mount in container["volumeMounts"]:
            assert mount.get("readOnly") is True or mount["name"] in written, mount


@pytest.mark.parametrize(("name", "manifest"), WORKLOADS, ids=[name for name, _ in WORKLOADS])
def test_a_container_runs_a_command_that_exists_with_settings_that_exist(name: str, manifest: Manifest) -> None:
    asked: set[str] = set()

    class Asked(dict[str, str]):
        def get(self, key: str, default: Any = None) -> Any:
            asked.add(key)
            return super().get(key, default)

    from_environment(Asked())
    assert set(settings()) <= asked
    volumes = {volume["name"] for volume in pod(manifest)["volumes"]}
    volumes |= {claim["metadata"]["name"] for claim in manifest["spec"].get("volumeClaimTemplates", [])}
    for container in containers(manifest):
        command: Any = get_command(app)
        words = list(container["args"])
        while words and not words[0].startswith("--") and hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known
        names = {variable["name"] for variable in container.get("env", [])}
        assert names <= asked
        assert {source["configMapRef"]["name"] for source in container["envFrom"]} == {"closeloop-settings"}
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
        # Secrets come as files of the Secret that nobody finds here.
        for variable in container.get("env", []):
            if variable["name"] in SECRETS:
                assert variable["value"].startswith("/run/secrets/closeloop/")
                assert "secrets" in volumes


def test_no_secret_is_included() -> None:
    assert not [name for name, manifest in ALL if manifest["kind"] == "Secret"]
    assert not [
        name for name in settings() if any(word in name for word in ("SECRET", "TOKEN", "PASSWORD", "DATABASE"))
    ]
    assert not [m for m in containers(deployment("streams")) if "env" in m], "streams need no secret"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_found_by_all_that_choose_it(room: str) -> None:
    manifest = deployment(room)
    labels = manifest["spec"]["template"]["metadata"]["labels"]
    name = f"closeloop-{room}"
    assert manifest["spec"]["selector"]["matchLabels"].items() <= labels.items()
    budget = next(m for _, m in ALL if m["kind"] == "PodDisruptionBudget" and m["metadata"]["name"] == name)
    assert budget["spec"]["selector"]["matchLabels"].items() <= labels.items()
    for spread in pod(manifest)["topologySpreadConstraints"]:
        assert spread["labelSelector"]["matchLabels"].items() <= labels.items()
    scalers = [m["spec"] for _, m in ALL if m["kind"] in ("ScaledObject", "HorizontalPodAutoscaler")]
    assert [s["scaleTargetRef"]["name"] for s in scalers].count(name) == 1
    container = pod(manifest)["containers"][0]
    for probe, path in (("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")):
        assert container[probe]["httpGet"] == {"path": path, "port": "http"}
    port = container["ports"][0]["containerPort"]
    assert manifest["spec"]["template"]["metadata"]["annotations"]["prometheus.io/port"] == str(port)
    # A stop takes at most ten seconds, and the gateway waits five before.
    assert pod(manifest)["terminationGracePeriodSeconds"] >= 15


def test_what_is_scaled_by_lag_reads_the_topic_in_that_group() -> None:
    readers = {"closeloop-streams": "streams", "closeloop-desk": "consumers"}
    topics = {spec.name: spec for spec in catalogue()}
    found = [trigger for _, m in ALL if m["kind"] == "ScaledObject" for trigger in m["spec"]["triggers"]]
    assert len(found) == 3
    for trigger in found:
        metadata = trigger["metadata"]
        assert readers[metadata["consumerGroup"]] in topics[metadata["topic"]].read_by
        assert metadata["bootstrapServersFromEnv"] in settings()
    limit = next(m for _, m in ALL if m["metadata"]["name"] == "closeloop-streams" and m["kind"] == "ScaledObject")
    assert limit["spec"]["maxReplicaCount"] <= int(settings()["CLOSELOOP_PARTITIONS"])


def test_the_spool_outlives_its_pod_and_nothing_shrinks_by_itself() -> None:
    gateway, scaler = (manifest for _, manifest in SPOOLED)
    assert (gateway["kind"], scaler["spec"]["scaleTargetRef"]["kind"]) == ("StatefulSet", "StatefulSet")
    before = deployment("gateway")
    assert gateway["metadata"] == before["metadata"]
    assert gateway["spec"]["selector"] == before["spec"]["selector"]
    assert gateway["spec"]["template"]["metadata"] == before["spec"]["template"]["metadata"]
    assert set(gateway["spec"]["persistentVolumeClaimRetentionPolicy"].values()) == {"Retain"}
    assert scaler["spec"]["behavior"]["scaleDown"]["selectPolicy"] == "Disabled"
    container = pod(gateway)["containers"][0]
    (folder,) = (one["value"] for one in container["env"] if one["name"] == "CLOSELOOP_SPOOL_DIR")
    (claim,) = (one["metadata"]["name"] for one in gateway["spec"]["volumeClaimTemplates"])
    assert {"name": claim, "mountPath": folder} in container["volumeMounts"]
    services = {m["metadata"]["name"] for _, m in ALL if m["kind"] == "Service"}
    assert gateway["spec"]["serviceName"] in services


@pytest.mark.parametrize("folder", ["rooms", "autoscaling"])
def test_kustomize_builds_a_folder_with_the_spool(folder: str, tmp_path: Path) -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl, which builds with kustomize, is not on this machine, and no package of Debian's")
    shutil.copytree(FOLDER, tmp_path / "kubernetes")
    chosen = tmp_path / "kubernetes" / folder / "kustomization.yaml"
    chosen.write_text(chosen.read_text() + "components: [../spool]\n")
    built = subprocess.run(
        ["kubectl", "kustomize", chosen.parent], capture_output=True, text=True, check=True, timeout=60
    )
    made = [one for one in yaml.safe_load_all(built.stdout) if one["apiVersion"] != "keda.sh/v1alpha1"]
    for manifest in made:
        kubernetes_validate.validate(manifest, VERSIONS[-1], strict=True)
    gateways = {one["kind"] for one in made if one["metadata"]["name"] == "closeloop-gateway"}
    assert "StatefulSet" in gateways
    assert "Deployment" not in gateways
    (stateful,) = (one for one in made if one["kind"] == "StatefulSet")
    # Who scales decides how many there are.
    assert ("replicas" in stateful["spec"]) == (folder == "rooms")


def test_the_loop_that_is_applied_is_one() -> None:
    assert load(FOLDER / "base" / "loop.yaml", None).route.receiver == "customer_care"
