"""The codebooks of studies: every column of every file once, and none unknown."""

import pandas as pd
import pytest

from weishang.experiments.storage import tables
from weishang.experiments.storage.codebook import CODEBOOK, add_codebook
from weishang.experiments.storage.report import Report
from weishang.experiments.studies.channels import codebook as channels_codebook
from weishang.experiments.studies.livestream import codebook as livestream_codebook
from weishang.experiments.studies.paired import codebook as paired_codebook

TABLES = {
    **paired_codebook.TABLES,
    "channels": channels_codebook.TABLES,
    "livestream": livestream_codebook.TABLES,
}


def fill(report, **changed):
    """Every file of the report, empty but for its columns."""
    for name, columns in TABLES[report.name].items():
        report.table(name, pd.DataFrame(columns=[*columns, *changed.get(name, ())]), name)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_column_of_every_file_is_described_once(name, tmp_path):
    with Report(name, tmp_path, title=name, parameters={}) as report:
        fill(report)
        add_codebook(report, TABLES[name])
    book = tables.read(tmp_path / name / "codebook.csv")
    described = book[book["table"] != "codebook"].groupby("table", sort=False)["column"].apply(list)
    assert described.to_dict() == {file: list(columns) for file, columns in TABLES[name].items()}
    assert book.loc[book["table"] == "codebook", "column"].tolist() == list(CODEBOOK)
    assert (book[["unit", "meaning"]] != "").all(axis=None)
    assert book.notna().all(axis=None)


def test_a_column_that_nobody_described_is_refused(tmp_path):
    def describe():
        with Report("policies", tmp_path, title="policies", parameters={}) as report:
            fill(report, effects=["novelty"])
            add_codebook(report, TABLES["policies"])

    with pytest.raises(
        ValueError, match="effects has column 'novelty'; describe it in the codebook"
    ):
        describe()
    assert not (tmp_path / "policies").exists()


def test_outcomes_have_their_own_unit():
    assert TABLES["tools"]["replicates"]["reach"][0] == "people"
    assert TABLES["policies"]["replicates"]["sales"][0] == "CNY"
