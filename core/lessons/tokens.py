"""Step 1: what the tokenizer makes of a text, and what truncation cuts. Imports no torch."""

from dataclasses import dataclass

import pandas as pd

from core.models.encoders import BUILT_IN
from core.models.tokenization import load_tokenizer
from core.models.truncation import read_ranges

PADDING = "[PAD]"


@dataclass(frozen=True)
class TokenizedText:
    """The input of a model: a table of tokens (piece, id, attention_mask), and the word pieces that truncation cut."""

    tokens: pd.DataFrame
    cut: list[str]

    @property
    def read(self) -> int:
        """The number of tokens that the model reads, special tokens included."""
        return int(self.tokens["attention_mask"].sum())


def tokenize(text: str, max_length: int) -> TokenizedText:
    """A text as the built-in encoder reads it: truncated or padded to ``max_length`` tokens, as transformers does it.

    Raises:
        ModelError: the built-in encoder is not installed.
    """
    tokenizer = load_tokenizer(BUILT_IN)
    encoding = tokenizer.encode(text)
    head, tail = read_ranges(encoding, max_length, "head")
    read = [*head, *tail]
    padding = max_length - len(read)
    tokens = pd.DataFrame(
        {
            "piece": [encoding.tokens[i] for i in read] + [PADDING] * padding,
            "id": [encoding.ids[i] for i in read] + [tokenizer.token_to_id(PADDING)] * padding,
            "attention_mask": [1] * len(read) + [0] * padding,
        }
    )
    return TokenizedText(tokens, encoding.tokens[head.stop : tail.start])
