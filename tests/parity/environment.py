"""The Python environment that references are computed in.

A script that needs PyTorch begins with

    import environment
    environment.enter()

and goes on in a virtual environment with the packages of requirements.txt, in
the versions named there: the folder OSTEON_PYTHON_ENV, or build/python of the
tree.  Both are made and filled when they are not there.
"""
import importlib.metadata
import os
import pathlib
import subprocess
import sys
import venv

HERE = pathlib.Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"


def folder():
    chosen = os.environ.get("OSTEON_PYTHON_ENV")
    return pathlib.Path(chosen or HERE.parents[1] / "build/python").absolute()


def missing():
    """The requirements that this interpreter does not meet."""
    wrong = []
    for line in REQUIREMENTS.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        name, version = line.split("==")
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found = None
        # "2.1.0+cpu" is the version 2.1.0 built for something.
        if not found or found.split("+")[0] != version:
            wrong.append(f"{name} is {found}, must be {version}")
    return wrong


def fill(python):
    check = [python, "-c", "import environment, sys; "
             "sys.exit(bool(environment.missing()))"]
    if subprocess.run(check, cwd=HERE).returncode:
        subprocess.run([python, "-m", "pip", "install", "-r", REQUIREMENTS],
                       stdout=sys.stderr, check=True)


def enter():
    """Starts the running script again in the environment, unless it is."""
    home = folder()
    python = home / "bin/python"
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    if pathlib.Path(sys.prefix).absolute() == home:
        wrong = missing()
        if wrong:
            sys.exit(f"{home}: {'; '.join(wrong)}")
        return
    if not python.exists():
        venv.create(home, with_pip=True, symlinks=True)
    fill(python)
    os.execv(python, [str(python), *sys.argv])
