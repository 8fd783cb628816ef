"""A migration's SQL is cut where its statements end, and nowhere else."""

import pytest

from app.database.script import statements


def test_each_statement_ends_with_its_line() -> None:
    assert list(statements("SELECT ';' AS a,\n 2;\n-- why\nSELECT 3;  -- so\n")) == [
        "SELECT ';' AS a,\n 2",
        "-- why\nSELECT 3",
    ]


def test_a_body_in_dollars_is_one_statement() -> None:
    script = "CREATE FUNCTION f() AS $$\nBEGIN\n a;\n b;\nEND $$;\nSELECT 1;\n"
    first, second = statements(script)
    assert first == "CREATE FUNCTION f() AS $$\nBEGIN\n a;\n b;\nEND $$"
    assert second == "SELECT 1"


@pytest.mark.parametrize("script", ["SELECT 1", "SELECT 1;\nSELECT 2", "CREATE $$\na;\n"])
def test_a_statement_without_an_end_is_refused(script: str) -> None:
    with pytest.raises(ValueError, match="has no end"):
        list(statements(script))
