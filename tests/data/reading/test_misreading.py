"""Files that were probably misread are recognized, and the right reading is offered."""

import pytest

from core.data.reading.files import read_bytes
from core.data.reading.misreading import find_alternative, find_signs
from core.data.samples import SAMPLES, Sample
from core.data.table import ReadOptions
from tests.data.reading.test_quoting import make_sentences

TEXTS = make_sentences(11, 200)


def lines(*rows: str) -> bytes:
    return "\n".join(rows).encode()


def labels(i: int) -> str:
    return ("good", "bad")[i % 2]


MISREAD = {
    "unquoted commas": lines("text,label", *(f"{t[:-1]}, but no,{labels(i)}" for i, t in enumerate(TEXTS))),
    "texts that spill": lines(
        "v1,v2,,", *(f"{labels(i)},{t}" + (",and on,and on" if i % 30 == 0 else ",,") for i, t in enumerate(TEXTS))
    ),
    "commas without spaces": lines("label,text", *(f"{labels(i)},{t[:-1]},so it went on" for i, t in enumerate(TEXTS))),
    "ragged rows": lines("id;text;label", *(f"{i};{t}{'; x' * (i % 25 == 0)};a" for i, t in enumerate(TEXTS))),
    "data as header": lines("7,seven small words are in this text", *(f"{i},{t}" for i, t in enumerate(TEXTS))),
}


def test_answers_beside_each_other_are_not_one_text_that_was_cut() -> None:
    answers = ("not at all good", "a bit too slow", "very nice to me")
    rows = (f"2023-05-01,{answers[i % 3]},{text.lower()}" for i, text in enumerate(TEXTS))
    assert not find_signs(read_bytes(lines("date,rating,comment", *rows), "x.csv"))


@pytest.mark.parametrize("kind", MISREAD)
def test_a_misread_file_has_a_sign(kind: str) -> None:
    options = ReadOptions(header=True) if kind == "data as header" else ReadOptions()
    assert find_signs(read_bytes(MISREAD[kind], "x.csv", options))


WRONG = {
    "comma instead of tab": (ReadOptions(delimiter=","), "\t", '"'),
    "semicolon instead of comma": (ReadOptions(delimiter=";"), ",", '"'),
    "no quotes": (ReadOptions(quote=""), ",", '"'),
    "single quotes": (ReadOptions(quote='"'), ";", "'"),
    "pipe instead of semicolon": (ReadOptions(delimiter="|"), ";", '"'),
}


@pytest.mark.parametrize("kind", WRONG)
def test_the_right_reading_is_offered(kind: str) -> None:
    options, delimiter, quote = WRONG[kind]
    texts = [f"{t} Well{delimiter} {t}, so; it | was" for t in TEXTS]
    rows = (f"{quote}{text}{quote}{delimiter}{labels(i)}" for i, text in enumerate(texts))
    data = lines(f"text{delimiter}label", *rows)
    wrong = read_bytes(data, "x.csv", options)
    alternative = find_alternative(wrong, lambda changed: read_bytes(data, "x.csv", changed), options)
    assert alternative is not None
    assert alternative.table.frame["text"].tolist() == texts


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.file)
def test_the_samples_have_no_sign(sample: Sample) -> None:
    assert find_signs(sample.read()) == []


FINE = {
    "plain": lines("text,label", *(f"{t},{labels(i)}" for i, t in enumerate(TEXTS))),
    "quoted": lines("text,label", *(f'"{t}, but no",{labels(i)}' for i, t in enumerate(TEXTS))),
    "newlines": lines("text,label", *(f'"{t}\nand, so",{labels(i)}' for i, t in enumerate(TEXTS))),
    "two texts": lines("premise\thypothesis\tlabel", *(f"{t}\t{t[::-1]}\ta" for t in TEXTS)),
    "notes": lines("text,label,note", *(f"{t},{labels(i)},{'see above' * (i % 20 == 0)}" for i, t in enumerate(TEXTS))),
    "numbers": lines("id,text,score", *(f"{i},{t},{i / 7:.3f}" for i, t in enumerate(TEXTS))),
}


@pytest.mark.parametrize("kind", FINE)
def test_a_clean_file_has_no_sign(kind: str) -> None:
    assert find_signs(read_bytes(FINE[kind], "x.csv")) == []
