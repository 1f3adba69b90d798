"""Files of a scenario: what they extend, how that ends, and files that cannot be read."""

from pathlib import Path

import pytest

from weishang.experiments.scenario.documents import MAX_BYTES, MAX_EXTENDS
from weishang.experiments.scenario.scenario_file import DEFAULT, load

DEFAULT_TEXT = DEFAULT.read_text(encoding="utf-8")
HEAD = 'format = 1\nname = "trial"\n'
SAMPLES = Path(__file__).with_name("samples")
VIEW = (SAMPLES / "view.toml").read_text(encoding="utf-8")
SELLERS = (SAMPLES / "sellers.toml").read_text(encoding="utf-8")


FAULTS = {
    "two sellers with one id": (
        HEAD + SELLERS.replace('"rice"', '"tea"'),
        "a.toml:8: named_sellers[1].id: is 'tea', as in line 5; give each seller its own",
    ),
    "two sellers at one node": (
        HEAD + SELLERS.replace("4", "3"),
        "a.toml:9: named_sellers[1].node: is 3, as in line 6; give each seller its own",
    ),
    "not UTF-8": (
        HEAD.encode() + b'# fine\nextends = "\xff"\n',
        "a.toml:4: not UTF-8; save the file as UTF-8",
    ),
    "too large": (
        "#" * (MAX_BYTES + 1),
        "a.toml: larger than 1,000,000 bytes; give a scenario file",
    ),
}


@pytest.mark.parametrize(("text", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_told_with_its_place(write, text, message, told):
    assert told(write(text)) == message


def test_windows_files_are_read(write):
    text = "\ufeff" + (HEAD + VIEW).replace("\n", "\r\n")
    assert load(write(text)).scenario.weights.view == 0.5


def test_faults_of_the_extended_file_have_its_name(write, told):
    write(HEAD + "days = 0\n" + VIEW.replace("0.5", "2"), "base.toml")
    message = told(write(HEAD + 'extends = "base.toml"\nwhat = 1\n'))
    head, mine, *theirs = message.replace("base.toml:", "a.toml:base:").split("a.toml:")
    assert head == "3 faults: "
    assert mine.startswith("4: what: unknown key")
    assert theirs == [
        "base:3: days: is 0; give at least 1; ",
        "base:6: weights.view.value: 2.0 is not a probability; did you mean 0.02?",
    ]


def test_the_file_that_has_the_last_word_is_at_fault(write, told):
    write(DEFAULT_TEXT, "default.toml")
    classes = 'value = 6\nunit = "classes"\nsource = "x"\nrole = "set"\n'
    text = f'{HEAD}extends = "default.toml"\n[society.num_budgets]\n{classes}'
    assert told(write(text)).startswith("a.toml:5: society.num_budgets.value: budgets.relative has")


@pytest.mark.parametrize(
    ("extends", "why"),
    [
        ("b.toml", "'b.toml': no such file; give a scenario file in TOML"),
        ("../b.toml", "'../b.toml': give a path inside the folder of this file"),
        ("sub/../../b.toml", "'sub/../../b.toml': give a path inside the folder of this file"),
        ("/etc/passwd", "'/etc/passwd': give a path inside the folder of this file"),
        ("link.toml", "'link.toml': give a path inside the folder of this file"),
        (r"\u0000", r"'\x00': give a path inside the folder of this file"),
        ("", "'': a folder; give a scenario file in TOML"),
        ("sub", "'sub': a folder; give a scenario file in TOML"),
        ("a.toml", "'a.toml': a loop, a.toml -> a.toml; extend a file that does not extend this"),
        ("x" * 5_000, f"'{'x' * 59}...: no such file; give a scenario file in TOML"),
    ],
)
def test_a_file_that_cannot_be_extended_is_a_fault(write, tmp_path, extends, why, told):
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.toml").symlink_to("/etc/passwd")
    message = told(write(f'{HEAD}extends = "{extends}"\n'))
    assert message.startswith(f"a.toml:3: extends: {why}")


def test_a_file_in_a_folder_below_can_be_extended(write):
    write(HEAD + VIEW, "sub/b.toml")
    assert load(write(HEAD + 'extends = "sub/b.toml"\n')).scenario.weights.view == 0.5


def test_a_loop_over_two_files_is_a_fault(write, told):
    write(HEAD + 'extends = "a.toml"\n', "b.toml")
    message = told(write(HEAD + 'extends = "./b.toml"\n'))
    assert message.startswith("b.toml:3: extends: 'a.toml': a loop, a.toml -> b.toml -> a.toml;")


def test_a_chain_has_an_end(write, told):
    for at in range(MAX_EXTENDS + 1):
        write(f'{HEAD}extends = "{at + 1}.toml"\n', f"{at}.toml")
    last = write(HEAD + VIEW, f"{MAX_EXTENDS + 1}.toml")
    assert load(last.with_name("1.toml")).scenario.weights.view == 0.5
    assert told(last.with_name("0.toml")) == (
        f"{MAX_EXTENDS}.toml:3: extends: '{MAX_EXTENDS + 1}.toml': more than {MAX_EXTENDS} files "
        "extend each other; put some into one"
    )


def test_no_file_is_one_fault(tmp_path, told):
    assert told(tmp_path / "b.toml") == "b.toml: no such file; give a scenario file in TOML"
    assert told(Path("/dev/zero")) == "zero: no regular file; give a scenario file in TOML"
    (tmp_path / "folder").mkdir()
    assert told(tmp_path / "folder") == "folder: a folder; give a scenario file in TOML"
    assert told(tmp_path / ("x" * 5_000)).endswith(": no such file; give a scenario file in TOML")
