"""What tests of societies share: a large one, and what of a society is older than places."""

import hashlib

import numpy as np
import pytest

from weishang.model.society.generate import generate
from weishang.model.society.parameters import SocietyParameters

NUM_USERS = 50_000


@pytest.fixture(scope="session")
def society():
    return generate(SocietyParameters(), NUM_USERS, np.random.default_rng(1))


@pytest.fixture(scope="session")
def without_places():
    """The digest of a society, its places aside."""

    def digest_of(society):
        digest = hashlib.sha256(society.graph.fingerprint().encode())
        for array in (society.interest, society.budget_class, society.wanted_friends):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    return digest_of
