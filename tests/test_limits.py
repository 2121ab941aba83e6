"""The limits of a host: defaults of both modes, environment variables, wrong values, and their table in the documents."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from core.errors import ConfigError, LimitError
from core.limits import VARIABLES, HostLimits, host_limits

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)


def test_visitors_of_a_shared_host_have_smaller_limits_than_its_owner() -> None:
    owner, visitor = host_limits(shared=False), host_limits(shared=True)
    assert (owner.job_minutes, visitor.job_minutes) == (0, 60)
    assert visitor.jobs_per_visitor < owner.jobs_per_visitor
    assert visitor.upload_mb < owner.upload_mb


def test_a_variable_holds_for_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_MAX_JOB_MINUTES", "5")
    assert [host_limits(shared).job_minutes for shared in (False, True)] == [5, 5]


def test_defaults_grow_to_the_upload_that_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_MAX_UPLOAD_MB", "9000")
    limits = host_limits(shared=True)
    assert limits.session_uploads_mb == limits.visitor_uploads_mb == limits.host_uploads_mb == 9000


@pytest.mark.parametrize("value", ["", "many", "-1", "1.5", "0", "1e3", "٣", "1" * 13])
def test_a_wrong_value_is_named_in_a_sentence(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_MAX_JOBS_AT_ONCE", value)
    with pytest.raises(ConfigError, match="Expected a whole number of at least 1 in STUDIO_MAX_JOBS_AT_ONCE, found"):
        host_limits(shared=False)


def test_a_misspelled_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_MAX_ROW", "5")
    with pytest.raises(ConfigError, match=r"There is no limit STUDIO_MAX_ROW\..*STUDIO_MAX_ROWS"):
        host_limits(shared=False)


def test_a_session_must_hold_one_upload(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_MAX_SESSION_UPLOADS_MB", "50")
    with pytest.raises(
        ConfigError, match="STUDIO_MAX_SESSION_UPLOADS_MB is 50, less than the 100 of STUDIO_MAX_UPLOAD_MB"
    ):
        host_limits(shared=True)


def test_the_documents_list_every_limit_with_its_defaults() -> None:
    text = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(STUDIO_MAX_\w+)` \| ([\d,]+|none) \| ([\d,]+|none) \|", text, re.MULTILINE)
    numbers = {name: tuple(int(value.replace(",", "").replace("none", "0")) for value in rest) for name, *rest in rows}
    assert numbers == {
        item.metadata["variable"]: (item.metadata["local"], item.metadata["shared"]) for item in fields(HostLimits)
    }


def test_a_table_with_more_rows_is_refused() -> None:
    visitor = host_limits(shared=True)
    visitor.check_rows("texts.csv", 1_000_000)
    with pytest.raises(LimitError, match=r"texts\.csv has 1,000,001 rows, and this host takes up to 1,000,000\."):
        visitor.check_rows("texts.csv", 1_000_001)
    host_limits(shared=False).check_rows("texts.csv", 50_000_000)
