"""Writes the shell scripts of the CI files into a folder, so that shellcheck and tests can read them.

    scripts.py FOLDER FILE…

Each job gives `FILE.JOB.sh`, which is its before_script and script, and `FILE.JOB.after.sh`. Inputs of a component have
their defaults. A file that isn't a job's is written as well: `FILE.yml`, the second document of a component alone.
"""

import re
import sys
from pathlib import Path
from typing import Any

import yaml


class Reference(list):
    """The value of a `!reference` tag."""


class Loader(yaml.SafeLoader):
    """YAML with GitLab's one tag."""


Loader.add_constructor("!reference", lambda loader, node: Reference(loader.construct_sequence(node)))


def read(path: Path) -> tuple[str, dict[str, Any]]:
    """The text of the configuration without its header, and the configuration."""
    text = path.read_text(encoding="utf-8")
    head, separator, body = text.partition("\n---\n")
    if not separator:
        return text, yaml.load(text, Loader)
    inputs = yaml.safe_load(head)["spec"]["inputs"]

    def value(match: re.Match[str]) -> str:
        default = inputs[match[1]]["default"]
        return str(default).lower() if isinstance(default, bool) else str(default)

    body = re.sub(r"\$\[\[ inputs\.(\w+) \]\]", value, body)
    return body, yaml.load(body, Loader)


def lines(configuration: dict[str, Any], value: Any) -> list[str]:
    """The commands of a script with its references resolved."""
    if isinstance(value, Reference):
        target: Any = configuration
        for key in value:
            target = target[key]
        return lines(configuration, target)
    if isinstance(value, list):
        return [line for item in value for line in lines(configuration, item)]
    return [value]


def inherited(configuration: dict[str, Any], job: dict[str, Any], key: str) -> Any:
    """A key of a job, or of the nearest that it extends."""
    if key in job:
        return job[key]
    parents = job.get("extends", [])
    for parent in reversed([parents] if isinstance(parents, str) else parents):
        found = inherited(configuration, configuration[parent], key)
        if found is not None:
            return found
    return None


def main() -> None:
    """Writes them."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:]:
        path = Path(name)
        stem = re.sub(r"\W+", "-", str(path.with_suffix(""))).strip("-")
        text, configuration = read(path)
        (folder / f"{stem}.yml").write_text(text, encoding="utf-8")
        default = configuration.get("default", {})
        for job, keys in configuration.items():
            if not isinstance(keys, dict) or job in ("default", "variables", "workflow"):
                continue
            found = {
                key: inherited(configuration, keys, key) or default.get(key) or []
                for key in ("before_script", "script", "after_script")
            }
            script = lines(configuration, [found["before_script"], found["script"]])
            safe = re.sub(r"\W+", "-", job).strip("-")
            for suffix, content in (("", script), (".after", lines(configuration, found["after_script"]))):
                if content:
                    # Runners stop at the first failure.
                    text = "#!/bin/sh\nset -e\n" + "\n".join(content).rstrip() + "\n"
                    (folder / f"{stem}.{safe}{suffix}.sh").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
