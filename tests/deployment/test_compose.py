"""docker-compose.yml, Dockerfile and .env.example, held to the schema, to one another and to what the product reads."""

import json
import os
import re
import subprocess
import sys

import jsonschema
import pytest
import yaml

from tests.adapters.endpoints.test_keys import variables_read
from tests.deployment.compose import FILE, NEEDED, MissingValueError, filled, raw, variables
from tests.worker import ROOT

SCHEMA = ROOT / "tests/data/compose/compose-spec.json"
OURS = ("prepare", "web", "files", "sampling", "verification", "training", "beat")
NOT_PASSED = {
    **dict.fromkeys(
        ("HOST", "PORT", "MINICOLUMN_EXTRAS", "MINICOLUMN_TOOLS", "MINICOLUMN_TOKEN"), "of `make run` and of clients"
    ),
    **dict.fromkeys(("MINICOLUMN_VAR", "SANDBOX_PYTHON", "TRAINING_PYTHON"), "set by the image"),
    **dict.fromkeys(("MODELS_DIR",), "in the data folder"),
    **dict.fromkeys(("WORKER_TRAINING",), "which machines train is told by WORKER_SERVES"),
    **dict.fromkeys(("DEBUG",), "never where others can reach it"),
    **dict.fromkeys(("CELERY_SKIP_CHECKS", "DATABASE_WAIT_SECONDS", "DJANGO_SETTINGS_MODULE"), "not for operators"),
    **dict.fromkeys(("PATH", "HOME", "XDG_DATA_HOME"), "not for operators"),
}
"""Variables that the product reads and that the file does not pass on, each with the reason."""


@pytest.mark.parametrize("read", [raw, lambda: filled(NEEDED)], ids=["as it is", "filled in"])
def test_it_is_what_the_published_schema_allows(read):
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    faults = list(jsonschema.Draft202012Validator(schema).iter_errors(read()))
    assert [f"{list(fault.absolute_path)}: {fault.message[:200]}" for fault in faults] == []
    broken = read()
    broken["services"]["web"]["helthcheck"] = {}
    assert not jsonschema.Draft202012Validator(schema).is_valid(broken), "the schema refuses something"


@pytest.mark.parametrize("name", NEEDED)
def test_a_value_that_has_to_be_chosen_is_asked_for(name):
    with pytest.raises(MissingValueError, match=f"^{name}: .{{10,}}"):
        filled({**NEEDED, name: ""})


def test_every_variable_is_in_the_example_and_every_one_of_the_example_is_used():
    lines = [line for line in (ROOT / ".env.example").read_text().splitlines() if line and not line.startswith("#")]
    example = dict(line.split("=", 1) for line in lines)
    assert set(example) == variables()
    assert {name for name, value in example.items() if not value} >= set(NEEDED), "no password is shipped"
    with_example = filled({**example, **NEEDED})
    assert with_example["services"]["web"]["environment"] == filled(NEEDED)["services"]["web"]["environment"]


def test_every_variable_that_the_product_reads_is_passed_on_or_has_a_reason_not_to_be():
    passed = set(filled(NEEDED)["services"]["web"]["environment"]) | {"WORKER_SERVES", "WORKER_PROCESSES"}
    readers = re.findall(r'(?:flag|one_of|words|whole_number)\(\s*"([A-Z_]+)"', _source())
    read = {name for name in {*variables_read(), *readers} if name.isupper()}
    assert {"EMAIL_HOST", "HSTS_SECONDS", "LOG_FORMAT"} <= read, "the search finds what there is"
    known = {name for name in read if not name.startswith(("PG", "LD_"))}
    assert known - passed - set(NOT_PASSED) == set()
    assert set(NOT_PASSED) & passed == set()


def _source() -> str:
    return "\n".join(path.read_text() for path in [*ROOT.glob("webapp/*.py"), *ROOT.glob("trajectories/**/*.py")])


def test_no_container_runs_as_root_writes_to_itself_or_takes_what_others_need():
    for name, service in filled(NEEDED)["services"].items():
        assert service["user"] not in ("", "0", "root"), name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "cap_add" not in service, name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["mem_limit"], name
        assert float(service["cpus"]) > 0, name
        assert service["pids_limit"], name
        assert service["logging"]["options"], name
        assert "privileged" not in service, name
        if name != "prepare":  # it ends
            assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL"), name
            assert service["restart"] == "unless-stopped", name


def test_each_limit_of_processors_is_the_operators_to_change():
    chosen = {name: "0.5" for name in variables() if name.endswith("_CPUS")}
    services = filled({**NEEDED, **chosen})["services"]
    assert {service["cpus"] for service in services.values()} == {"0.5"}
    apart = ("web", "files", "sampling", "verification", "training", "postgres", "broker", "proxy")
    assert {f"{name.upper()}_CPUS" for name in apart} | {"APP_CPUS"} == set(chosen)


def test_only_the_proxy_is_reached_from_outside():
    services = filled(NEEDED)["services"]
    assert {name for name, service in services.items() if "ports" in service} == {"proxy"}
    assert {name for name, service in services.items() if service["networks"] == ["inside"]} == {"postgres", "broker"}
    assert raw()["networks"]["inside"] == {"internal": True}


def test_every_queue_is_served_by_one_kind_of_container(settings):
    services = filled(NEEDED)["services"]
    served = [
        queue
        for service in services.values()
        for queue in service.get("environment", {}).get("WORKER_SERVES", "").split(",")
        if queue
    ]
    assert sorted(served) == sorted([*settings.WORKER_QUEUES, *settings.FILE_QUEUES, *settings.TRAINING_QUEUES])


def test_the_targets_and_files_that_are_built_are_there():
    dockerfile = (ROOT / "Dockerfile").read_text()
    stages = set(re.findall(r"^FROM \S+ AS (\w+)$", dockerfile, re.MULTILINE))
    services = filled(NEEDED)["services"].values()
    targets = {service["build"]["target"] for service in services if "build" in service}
    assert targets == {"app", "proxy"} <= stages
    assert filled({**NEEDED, "TRAINING_TARGET": "training"})["services"]["training"]["build"]["target"] in stages
    copied = re.findall(r"^COPY (?!--from)(\S+) ", dockerfile, re.MULTILINE)
    assert [name for name in copied if name != "." and not list(ROOT.glob(name))] == []
    lists = filled(NEEDED)["services"]["web"]["build"]["args"]["REQUIREMENTS"].split()
    assert all((ROOT / name).exists() for name in lists)
    # Each stage that runs something ends as somebody who is not root.
    for stage in dockerfile.split("FROM ")[2:]:
        assert re.findall(r"^USER (\S+)$", stage, re.MULTILINE)[-1] == "10001"
    default = json.loads(re.search(r"^CMD (\[.*\])$", dockerfile, re.MULTILINE)[1])
    assert default == filled(NEEDED)["services"]["web"]["command"]
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".env", ".git", "var", ".venv"} <= set(ignored)


def test_the_proxy_sends_everything_but_the_state_of_processes_to_the_web_server():
    text = (ROOT / "deployment/Caddyfile").read_text()
    assert "reverse_proxy web:8000" in text
    assert re.search(r"@inside path /metrics /healthz /readyz /health/\*\n\trespond @inside 404", text)
    ports = {int(port) for port in re.findall(r"^\t?(?:http_port |https_port |:)(\d+)", text, re.MULTILINE)}
    published = filled(NEEDED)["services"]["proxy"]["ports"]
    assert {int(port.split(":")[1]) for port in published} == {8080, 8443} < ports
    assert min(ports) > 1024, "no privilege is needed to listen there"


def test_django_has_nothing_to_say_against_the_deployment(tmp_path):
    given = filled(NEEDED)["services"]["web"]["environment"]
    here = {"MINICOLUMN_VAR": str(tmp_path), "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "metrics")}
    environment = {"PATH": os.environ["PATH"], **given, **here}
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "DEBUG"]
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout == "System check identified no issues (2 silenced).\n"
    bare = {**environment, "BEHIND_HTTPS": "0", "SECRET_KEY": "short"}
    told = subprocess.run(command, cwd=ROOT, env=bare, capture_output=True, text=True, check=False)
    assert {"security.W008", "security.W009", "security.W012"} <= set(re.findall(r"security\.W\d+", told.stderr))


def test_the_processes_of_the_web_server_alone_share_a_folder_of_counters():
    services = filled(NEEDED)["services"]
    named = {name for name, each in services.items() if "PROMETHEUS_MULTIPROC_DIR" in each.get("environment", {})}
    assert named == {"web"}
    folder = services["web"]["environment"]["PROMETHEUS_MULTIPROC_DIR"]
    assert any(folder.startswith(mount.partition(":")[0] + "/") for mount in services["web"]["tmpfs"])


def test_prometheus_reads_the_numbers_from_within_the_network(client, db, settings):
    """By the name of the service, over HTTP, with the token; by no other name."""
    given = filled({**NEEDED, "METRICS": "token", "METRICS_TOKEN": "a-token-of-enough-characters"})
    environment = given["services"]["web"]["environment"]
    settings.ALLOWED_HOSTS = [name for name in environment["ALLOWED_HOSTS"].split(",") if name]
    settings.METRICS, settings.METRICS_TOKEN = environment["METRICS"], environment["METRICS_TOKEN"]
    settings.SECURE_SSL_REDIRECT = environment["BEHIND_HTTPS"] == "1"
    asked = {"authorization": f"Bearer {environment['METRICS_TOKEN']}"}
    answer = client.get("/metrics", headers={**asked, "host": "web:8000"})
    assert answer.status_code == 200
    assert b"minicolumn_verdicts_total" in answer.content
    assert client.get("/metrics", headers={"host": "web:8000"}).status_code == 404, "without the token"
    assert client.get("/metrics", headers={**asked, "host": "elsewhere:8000"}).status_code == 400
    assert client.get("/jobs/", headers={"host": "web:8000"})["Location"].startswith("https://"), "all else by HTTPS"


def test_the_job_of_prometheus_that_operators_read_of_asks_for_what_there_is():
    """The scrape job of the documentation: its target is a service of the file, on the port that it listens on."""
    text = (ROOT / "docs/operations.md").read_text()
    block = re.search(r"\n    scrape_configs:\n((?:      .*\n)+)", text)
    [job] = yaml.safe_load(f"scrape_configs:\n{block[1]}")["scrape_configs"]
    [target] = job["static_configs"][0]["targets"]
    name, _, port = target.partition(":")
    service = filled(NEEDED)["services"][name]
    assert f"0.0.0.0:{port}" in service["command"]
    assert "outside" in service["networks"]
    assert f"{raw()['name']}_outside" in text
    assert "credentials_file" in job["authorization"]


def test_every_list_of_packages_is_looked_through_for_known_faults():
    """But those of one machine's builds of what another list names, and of uv, which is a tool."""
    said = subprocess.run(["make", "-n", "audit"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    lists = {path.name for path in ROOT.glob("requirements*.txt")}
    assert set(re.findall(r"requirements[\w-]*\.txt", said)) == lists - {"requirements-training-processors.txt"}
    assert " pip-audit " in (ROOT / ".ci/audit").read_text()


def test_the_file_is_the_one_that_operators_read_about():
    assert FILE.name in (ROOT / "docs/operations.md").read_text()
