"""What computes is told by the code's hash, the packages and Python."""

import sys
from importlib import metadata

from weishang.experiments.storage import manifest
from weishang.experiments.storage.code_version import PACKAGES, version


def test_it_names_code_packages_and_python():
    told = version()
    assert told["code"] == manifest.source_digest()
    assert told["packages"] == {name: metadata.version(name) for name in PACKAGES}
    assert told["python"] == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert version() is told
