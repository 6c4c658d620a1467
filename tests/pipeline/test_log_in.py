"""What is done before a login at the registry."""

import subprocess
from pathlib import Path

import pytest

import scripts

TEMPLATE = Path(__file__).parents[2] / "templates" / "app-pipeline.yml"
REGISTRY = {"CI_REGISTRY": "registry.example.org", "CI_REGISTRY_USER": "robot", "CI_REGISTRY_PASSWORD": "secret"}


def run(folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs the jobs' own lines where there is no folder for temporary files yet, and shows the one that they make."""
    _, configuration = scripts.read(TEMPLATE)
    lines = scripts.lines(configuration, configuration[".app-pipeline:log-in"]["script"])
    script = "set -eu\n" + "\n".join(lines) + "\nls -d \"$work\"\n"
    environment = {"PATH": "/usr/bin:/bin", "TMPDIR": str(folder), "APP_PIPELINE_CA_FILE": ""} | environment
    return subprocess.run(["dash", "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_an_image_may_lack_a_folder_for_temporary_files(tmp_path):
    done = run(tmp_path / "none", REGISTRY)
    assert done.returncode == 0 and done.stdout.startswith(f"{tmp_path}/none/"), done
    assert not list((tmp_path / "none").iterdir()), "nothing stays behind"


@pytest.mark.parametrize("missing", ["CI_REGISTRY", "CI_REGISTRY_PASSWORD"])
def test_a_project_may_lack_a_registry(tmp_path, missing):
    done = run(tmp_path, {name: value for name, value in REGISTRY.items() if name != missing})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("This project has no container registry"), done
