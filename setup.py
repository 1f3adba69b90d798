"""Say which packages there are: weishang, and the folders at the root as weishang.<folder>."""

from setuptools import find_namespace_packages, setup

FOLDERS = ("model", "kernels", "experiments")

found = find_namespace_packages(
    include=[pattern for folder in FOLDERS for pattern in (folder, f"{folder}.*")],
    exclude=["*.__pycache__", "*.__pycache__.*"],
)
setup(packages=["weishang", *sorted(f"weishang.{folder}" for folder in {*FOLDERS, *found})])
