"""Stands in for syft where that can't be had: the Debian packages of an OCI archive, as CycloneDX."""

import io
import json
import sys
import tarfile


def main() -> None:
    """sbom.py ARCHIVE OUTPUT"""
    packages = {}
    with tarfile.open(sys.argv[1]) as archive:

        def blob(descriptor: dict) -> bytes:
            return archive.extractfile("blobs/" + descriptor["digest"].replace(":", "/")).read()

        index = json.load(archive.extractfile("index.json"))
        for layer in json.loads(blob(index["manifests"][0]))["layers"]:
            with tarfile.open(fileobj=io.BytesIO(blob(layer))) as files:
                if "var/lib/dpkg/status" not in files.getnames():
                    continue
                status = files.extractfile("var/lib/dpkg/status").read().decode()
                for entry in status.strip().split("\n\n"):
                    fields = dict(line.split(": ", 1) for line in entry.splitlines() if ": " in line)
                    packages[fields["Package"]] = fields["Version"]
    components = [
        {"type": "library", "name": name, "version": version, "purl": f"pkg:deb/debian/{name}@{version}"}
        for name, version in sorted(packages.items())
    ]
    with open(sys.argv[2], "w", encoding="utf-8") as output:
        json.dump({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components}, output)
    print(f"{len(components)} packages")


if __name__ == "__main__":
    main()
