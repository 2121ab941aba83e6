"""Gradients of a model's outputs with respect to its input tokens, from captum."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from captum.attr import LayerIntegratedGradients

if TYPE_CHECKING:
    from core.models.classifier import Classifier

_STEPS = 24


def integrated_gradients(classifier: "Classifier", input_ids: list[int], output: int) -> npt.NDArray[np.float64]:
    """The contribution of each token to the score of a label, (tokens,), summed over the embedding (Sundararajan et al. 2017).

    The score is that of the deletion check: the log-odds of the label where a text has one label, else its logit.
    The baseline is the text with every token but the special ones replaced by the padding token.
    """
    model: Any = classifier.model
    special = set(classifier.tokenizer.all_special_ids)
    padding = classifier.tokenizer.pad_token_id
    ids = torch.tensor([input_ids], device=model.device)
    baseline = torch.tensor([[i if i in special else padding for i in input_ids]], device=model.device)

    def forward(ids: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
        if not classifier.task.one_label:
            return logits[:, output]
        others = torch.cat([logits[:, :output], logits[:, output + 1 :]], dim=1)
        return logits[:, output] - torch.logsumexp(others, dim=1)

    with torch.enable_grad():
        attribution = LayerIntegratedGradients(forward, model.get_input_embeddings()).attribute(
            ids, baseline, n_steps=_STEPS, internal_batch_size=_STEPS
        )
    return np.asarray(attribution.sum(dim=-1)[0].detach().cpu().numpy(), dtype=np.float64)
