"""Gradients of a model's outputs with respect to the words that it reads, from captum."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from captum.attr import IntegratedGradients

if TYPE_CHECKING:
    from core.models.classifier import Classifier

# Texts that the paths begin at, and steps of each path.
_BASELINES, _STEPS, _SEED = 8, 2, 0
# Architectures whose attention takes a mask of real numbers, (batch, 1, tokens, tokens), that is added to its scores.
_ADDITIVE_MASK = ("albert", "bert", "distilbert", "electra", "roberta", "xlm-roberta")
# Logits (steps, outputs) of a text whose tokens are present in part, (steps, tokens).
_Forward = Callable[[torch.Tensor], torch.Tensor]


def integrated_gradients(classifier: "Classifier", input_ids: list[int], output: int) -> npt.NDArray[np.float64]:
    """The contribution of each token to the score of a label, (tokens,), up to a common factor.

    The score is that of the deletion check: the log-odds of the label where a text has one label, else its logit. Integrated
    gradients (Sundararajan et al. 2017) follow a path from a baseline to the text. Here the presence of each token rises to 1,
    from a number between 0 and 1 that is drawn for each token; the mean over several such baselines are expected gradients
    (Erion et al. 2021). A baseline of embeddings without a meaning, such as padding, is a text for which a model may already be
    sure of a label: the words found from there mattered less when they were left out.
    """
    model: Any = classifier.model
    ids = torch.tensor([input_ids], device=model.device)
    special = torch.isin(ids, torch.tensor(_special_ids(classifier), device=model.device))
    logits_of = _by_attention(model, ids) if model.config.model_type in _ADDITIVE_MASK else _by_embedding(model, ids)

    def score(presence: torch.Tensor) -> torch.Tensor:
        logits = logits_of(presence.masked_fill(special, 1.0))
        if not classifier.task.one_label:
            return logits[:, output]
        others = torch.cat([logits[:, :output], logits[:, output + 1 :]], dim=1)
        return logits[:, output] - torch.logsumexp(others, dim=1)

    drawn = np.random.default_rng(_SEED).uniform(size=(_BASELINES, len(input_ids))).astype(np.float32)
    baselines = torch.from_numpy(drawn).to(model.device)
    present = torch.ones_like(baselines)
    with torch.enable_grad():
        attribution = IntegratedGradients(score).attribute(present, baselines, n_steps=_STEPS)
    # Divided by the length of the way of each token, so that no token counts more because it had a longer way.
    slopes = (attribution / (present - baselines)).mean(dim=0)
    return np.asarray(slopes.detach().cpu().numpy(), dtype=np.float64)


def _special_ids(classifier: "Classifier") -> list[int]:
    """The ids of special tokens; the one of unknown words stands for a word."""
    return [i for i in classifier.tokenizer.all_special_ids if i != classifier.tokenizer.unk_token_id]


def _by_attention(model: Any, ids: torch.Tensor) -> _Forward:
    """Tokens are as present as attention reads them: their weights are multiplied by it before they are normalized."""

    def logits(presence: torch.Tensor) -> torch.Tensor:
        steps, tokens = presence.shape
        mask = presence.log()[:, None, None, :].expand(-1, 1, tokens, -1)
        return torch.as_tensor(model(input_ids=ids.expand(steps, -1), attention_mask=mask).logits)

    return logits


def _by_embedding(model: Any, ids: torch.Tensor) -> _Forward:
    """Tokens are as present as their embeddings are long."""
    embedded = model.get_input_embeddings()(ids).detach()

    def logits(presence: torch.Tensor) -> torch.Tensor:
        vectors = embedded * presence.unsqueeze(-1)
        read = torch.ones(presence.shape, dtype=torch.int64, device=presence.device)
        return torch.as_tensor(model(inputs_embeds=vectors, attention_mask=read).logits)

    return logits
