"""Whether the program takes the settings of the image, of docker-compose.yml and of the rendered manifests:
runs `roster --check-config` with each, on stand-ins for the secrets."""

import re
import subprocess
import tempfile
import tomllib
from pathlib import Path

SECRET = "a secret that is longer than thirty-two bytes"
FILE = 'database = "postgres://roster:password@db.example.org/roster"\n'
# Where containers find their files.
FOLDERS = ("/etc/roster", "/run/secrets")
PORTS = {"grpc": 50051, "rest": 8080, "admin": 9090}


def of_image(dockerfile):
    """The variables that the image sets."""
    return dict(re.findall(r"\b(ROSTER_\w+)=(\S+)", Path(dockerfile).read_text()))


def of_compose(service):
    """The variables of a Compose service, with a stand-in for what its user must give."""
    variables = service["environment"].items()
    return {name: re.sub(r"\$\{\w+:\?[^}]*\}", "given", value) for name, value in variables}


def in_force(roster, variables):
    """The settings that the program understands, or its complaint."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("roster.toml", FILE), ("token", SECRET), ("token-secret", SECRET)):
            (Path(folder) / name).write_text(text)
        for place in FOLDERS:
            variables = {name: value.replace(place, folder) for name, value in variables.items()}
        command = [roster, "--check-config"]
        run = subprocess.run(command, env=variables, cwd=folder, capture_output=True, text=True)
    return tomllib.loads(run.stdout) if run.returncode == 0 else run.stderr.strip()


def problems(where, roster, variables):
    """What is wrong with these variables for replicas in containers, in words."""
    settings = in_force(roster, variables)
    if isinstance(settings, str):
        return [f"{where}: {settings}"]
    wanted = {name: f"0.0.0.0:{port}" for name, port in PORTS.items()}
    found = [
        f"{where}: {name} is {settings[name]}, not {address}"
        for name, address in wanted.items()
        if settings[name] != address
    ]
    if not settings["database"].startswith("postgres://"):
        found.append(f"{where}: the database is {settings['database']}")
    return found
