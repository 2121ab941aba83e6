"""The source of a function comes with all that it uses, and with nothing else."""

from core.codegen.source import import_block, packages, source_of
from core.data.repairs import remove_markup
from core.evaluation.metrics.summary import log_losses

_TEXTS = ["<b>5 &lt; 6</b> see https://a.example/x?y", "plain"]


def test_the_source_runs_on_its_own() -> None:
    source = source_of([remove_markup])
    names: dict[str, object] = {}
    exec("\n".join([*source.imports, *source.definitions]), names)
    alone = names["remove_markup"]
    assert callable(alone)
    assert [alone(text) for text in _TEXTS] == [remove_markup(text) for text in _TEXTS]
    assert "remove_markup" in source.definitions[-1]
    assert not [text for text in source.definitions if "_relabel" in text]


def test_imports_of_this_project_are_replaced_by_their_source() -> None:
    source = source_of([log_losses])
    assert not [line for line in source.imports if "core" in line]
    assert any(text.startswith("Targets =") for text in source.definitions)
    assert {"numpy", "scipy"} <= set(packages(source.imports))


def test_imports_stand_in_two_groups() -> None:
    block = import_block(["import pandas as pd", "from collections import Counter", "import re", "import re"])
    assert block == "import re\nfrom collections import Counter\n\nimport pandas as pd"
