"""Control characters of texts and files do not reach the terminal."""

import io
import json
import sys
from pathlib import Path

import pytest
from tqdm import tqdm

from core.__main__ import main
from core.cli.terminal import controls_shown, show_controls


def test_control_characters_are_shown_and_json_stays_valid() -> None:
    text = "a\x1b[31mb\x9bc\u202ed\te\nf"
    assert show_controls(text) == "a\\u001b[31mb\\u009bc\\u202ed\te\nf"
    line = json.dumps({"text": text}, ensure_ascii=False)
    assert json.loads(show_controls(line)) == {"text": text}
    assert show_controls("good\rbad\r\n") == "good\\u000dbad\r\n"


def test_check_sends_no_control_character(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.jsonl"
    rows = [{"text": f"some words {i}", "la\x1b]0;bad\x07bel": f"\x1b[2Jx{i % 2}"} for i in range(40)]
    path.write_text("\n".join(map(json.dumps, rows)))
    main(["check", str(path)])
    output = capsys.readouterr()
    assert "\\u001b[2Jx1" in output.out
    assert "\x1b" not in output.out + output.err


def test_a_progress_bar_still_returns_to_the_start_of_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    target = io.StringIO()
    monkeypatch.setattr(sys, "stderr", target)
    with controls_shown():
        for _ in tqdm(range(3), file=sys.stderr, mininterval=0, desc="loading"):
            pass
    assert "\rloading" in target.getvalue()
    assert "\\u000d" not in target.getvalue()
