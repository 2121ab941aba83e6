"""How much the best trial of a search flatters."""

import pandas as pd

from core.workspace import Workspace
from tests.experiments.tuning.cases import make_search


def test_only_complete_trials_count(workspace: Workspace, tiny_encoder: str) -> None:
    search = make_search(workspace, tiny_encoder)
    scores = {"state": ["complete", "complete", "pruned", "complete"], "value": [0.9, 0.6, 0.2, 0.6]}
    optimism = search.optimism(pd.DataFrame(scores))
    assert optimism == search.optimism(pd.DataFrame(scores).drop(index=2))
    assert search.optimism(pd.DataFrame()) is None
    assert search.optimism(pd.DataFrame({"state": ["complete"], "value": [0.9]})) is None
