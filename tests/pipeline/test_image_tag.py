"""From a branch's name to an image's tag, in the plainest shell and in bash."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

import scripts

TEMPLATE = Path(__file__).parents[2] / "templates" / "app-pipeline.yml"
LONG = "x" * 200


@pytest.fixture(name="image_tag", params=["dash", "bash"])
def fixture_image_tag(request, tmp_path):
    """Runs the jobs' own lines: name, mode → exit code, tag, what was said."""
    _, configuration = scripts.read(TEMPLATE)
    lines = scripts.lines(configuration, configuration[".app-pipeline:image-tag"]["script"])
    script = tmp_path / "script"
    script.write_text("set -e\n" + "\n".join(lines) + "\nprintf '%s' \"$IMAGE_TAG\"\n", encoding="utf-8")

    def image_tag(name, mode):
        # A locale in which é is a letter.
        environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "CI_COMMIT_REF_NAME": name, "APP_PIPELINE_BRANCH_TAG": mode}
        command = [shutil.which(request.param), script]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        return run.returncode, run.stdout, run.stderr

    return image_tag


def digits(name: str) -> str:
    """The part of a slug that tells names apart."""
    return hashlib.sha256(name.encode()).hexdigest()[:8]


@pytest.mark.parametrize("mode", ["verbatim", "slug"])
@pytest.mark.parametrize("name", ["0.10.5", "main", "UPPER", "_", "1", "a.b_c-d", "v1.0.0-rc.1", "x" * 128])
def test_tags_are_the_names(image_tag, name, mode):
    assert image_tag(name, mode) == (0, name, "")


SLUGS = {
    "feature/x": "feature-x",
    "feature-x/": "feature-x",
    "release/0.10.5": "release-0.10.5",
    "фича": "branch",
    "fix/щит-9": "fix-9",
    "a+b": "a-b",
    "-x": "x",
    ".hidden": "hidden",
    "é": "branch",
    "$(id)": "id",
    "x" * 129: "x" * 100,
    LONG: "x" * 100,
}


@pytest.mark.parametrize("name", SLUGS)
def test_other_names_are_refused_with_the_way_out(image_tag, name):
    code, tag, said = image_tag(name, "verbatim")
    assert (code, tag) == (1, "")
    assert said.startswith(f"The branch's name can't be the image's tag: {name}\n")
    assert said.endswith(f"set the input branch_tag to slug: the tag would be {SLUGS[name]}-{digits(name)}\n")


@pytest.mark.parametrize("name", SLUGS)
def test_or_become_slugs(image_tag, name):
    assert image_tag(name, "slug") == (0, f"{SLUGS[name]}-{digits(name)}", "")


def test_names_that_look_alike_have_slugs_of_their_own(image_tag):
    assert image_tag("a/b", "slug")[1] != image_tag("a+b", "slug")[1]
