"""What a sweep is, and how two differ."""

import hashlib

import pytest

from weishang.experiments.storage.manifest import computing_version
from weishang.experiments.sweep.spec import sweep_file
from weishang.experiments.sweep.store.identity import differences, identity, stated

SWEEP = """format = 1
name = "trust"
seed = 7
users = 300
sellers = 10
days = 2
replicates = 3
method = "grid"
"""
ONE, OTHER = ('"weights.trust" = {values = [1]}', '"weights.match" = {values = [1]}')
CHANGES = {
    "users": ("users = 300", "users = 400", "users (300 there, 400 here)"),
    "seed": ("seed = 7", "seed = 8", "seed (7 there, 8 here)"),
    "parts": ("days = 2", "days = 2\nruns_a_part = 6", "runs_a_part (none there, 6 here)"),
    "a parameter": (
        'method = "grid"\n',
        f'method = "grid"\n[parameters]\n{ONE}\n',
        "parameters.weights.trust (none there, {'name': 'weights.trust', ",
    ),
}


def test_it_is_what_the_files_say_and_what_computes(write):
    file = sweep_file.load(write(SWEEP))
    found = identity(file, None, write("0 1\n", "g.txt"))
    assert found == {
        **stated(file),
        "graph": None,
        "nodes": hashlib.sha256(b"0 1\n").hexdigest(),
        "version": computing_version(),
    }


def test_comments_and_the_place_of_the_file_do_not_matter(write):
    there = sweep_file.load(write(SWEEP))
    here = sweep_file.load(write("# more\n" + SWEEP, "elsewhere/b.toml"))
    assert stated(here) == stated(there)
    assert differences(stated(there), stated(here)) == []


@pytest.mark.parametrize(("old", "new", "told"), CHANGES.values(), ids=CHANGES)
def test_what_differs_is_told_from_both_sides(write, old, new, told):
    there = stated(sweep_file.load(write(SWEEP)))
    here = stated(sweep_file.load(write(SWEEP.replace(old, new))))
    (found,) = differences(there, here)
    assert found.startswith(told)


def test_hashes_are_not_shown():
    assert differences({"graph": "0" * 64}, {"graph": "1" * 64}) == ["graph"]
    assert differences({"graph": None}, {"graph": "1" * 64})[0].startswith("graph (none there, ")


def test_an_order_that_differs_is_told(write):
    there = stated(sweep_file.load(write(f"{SWEEP}[parameters]\n{ONE}\n{OTHER}\n")))
    here = stated(sweep_file.load(write(f"{SWEEP}[parameters]\n{OTHER}\n{ONE}\n")))
    assert differences(there, here) == ["the order of parameters or policies"]
