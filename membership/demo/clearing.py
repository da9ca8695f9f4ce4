"""`make fresh`: forgets the demo, and nothing but a demo."""

import os
import shutil
import sys
from collections.abc import Mapping

from membership.settings import instance_folder, read_settings_file


def clear(environ: Mapping[str, str]) -> str:
    """Removes the instance folder of a demo and says so; exits with a sentence if it is anything else."""
    folder = instance_folder(environ)
    if not folder.exists():
        return f"There is no {folder}: `make run` makes a new demo."
    if read_settings_file(folder / "settings.env").get("MEMBERSHIP_MODE") != "demo":
        sys.exit(f"{folder} is no demo (its settings.env does not say MEMBERSHIP_MODE=demo). Nothing was removed.")
    if environ.get("MEMBERSHIP_DATABASE_URL"):
        sys.exit("MEMBERSHIP_DATABASE_URL is set: empty that database yourself. Nothing was removed.")
    shutil.rmtree(folder)
    return f"Removed {folder}: `make run` makes a new demo."


if __name__ == "__main__":
    print(clear(os.environ))  # noqa: T201 - this is a command
