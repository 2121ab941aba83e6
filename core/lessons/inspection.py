"""Reads the vectors and the attention weights inside the built-in encoder."""

from dataclasses import dataclass
from typing import Any, Final

import torch
from transformers import AutoModel, PreTrainedModel
from transformers.utils import logging as transformers_logging

from core.lessons.pieces import Inspection
from core.models.encoders import BUILT_IN, built_in_folder
from core.models.tokenization import load_tokenizer
from core.models.truncation import TruncatingTokenizer

MAX_TOKENS: Final = 24


@dataclass(frozen=True)
class InspectedEncoder:
    """The built-in encoder with attention weights that can be read, for any number of threads."""

    model: PreTrainedModel
    tokenizer: TruncatingTokenizer

    def inspect(self, text: str) -> Inspection:
        """The vectors and the attention weights of a text, of which at most 24 tokens are read."""
        ids = self.tokenizer.token_ids([text])[0]
        with torch.inference_mode():
            output: Any = self.model(torch.tensor([ids]), output_hidden_states=True, output_attentions=True)
        return Inspection(
            [str(self.tokenizer.tokenizer.id_to_token(i)) for i in ids],
            torch.cat(output.hidden_states).numpy(),
            torch.cat(output.attentions).numpy(),
        )


def load_inspected_encoder() -> InspectedEncoder:
    """The built-in encoder. Only eager attention keeps its weights; the faster kernels never compute them as a whole.

    Raises:
        ModelError: the built-in encoder is not installed.
    """
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    model = AutoModel.from_pretrained(built_in_folder(), attn_implementation="eager", local_files_only=True)
    return InspectedEncoder(model.eval(), TruncatingTokenizer(load_tokenizer(BUILT_IN), MAX_TOKENS))
