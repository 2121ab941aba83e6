"""The encoding of a text file is detected, or the chosen one is used."""

import pytest

from core.data.reading.files import read_bytes
from core.data.table import ReadOptions
from core.errors import DataError

JAPANESE = "配達が遅れています、早くお願いします"
RUSSIAN = "посылка так и не пришла верните деньги"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_common_encodings_are_detected(encoding: str) -> None:
    table = read_bytes("text,label\ncafé für alle,naïve\n".encode(encoding), "x.csv")
    assert table.frame.iloc[0].tolist() == ["café für alle", "naïve"]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (JAPANESE, "cp932"),
        (JAPANESE, "euc-jp"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "utf-16-le"),
        ("包裹一直没有到我很生气请退款", "gb18030"),
        ("包裹一直沒有到請退款給我", "big5"),
        ("택배가 아직 도착하지 않았어요", "cp949"),
    ],
)
def test_legacy_encodings_of_other_alphabets_are_detected(text: str, encoding: str) -> None:
    rows = "".join(f"{text} {i},{'a' if i % 2 else 'b'}\n" for i in range(40))
    table = read_bytes(f"text,label\n{rows}".encode(encoding), "x.csv")
    assert table.frame["text"][0] == f"{text} 0"


def test_an_encoding_can_be_chosen() -> None:
    data = "text,label\nłódź,a\n".encode("cp1250")
    assert read_bytes(data, "x.csv", ReadOptions(encoding="cp1250")).frame["text"][0] == "łódź"
    with pytest.raises(DataError, match="not encoded as utf-8"):
        read_bytes(data, "x.csv", ReadOptions(encoding="utf-8"))
