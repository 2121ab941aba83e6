"""Step 1: word pieces, ids, special tokens, the attention mask, and what truncation cuts."""

import streamlit as st

from core.formatting import pluralize
from core.lessons.tokens import PADDING, TokenizedText, tokenize
from pages.sections.learn.layout import explanation_and_picture, own_text
from pages.shared.widgets import escape_markdown

_EXAMPLE = "I love this movie, but the ending was unbelievably predictable."


def show_tokens() -> None:
    """Draw the step."""
    words, picture = explanation_and_picture()
    with words:
        st.markdown(
            "BERT reads no letters and no words. It knows 30,522 **word pieces**, each by its number. A rare word becomes "
            "several pieces; `##` continues a word."
        )
        text = own_text("Your text", _EXAMPLE, "learn-text")
        max_length = st.slider("Maximum length (tokens)", 4, 40, 16, key="learn-length", persist_state="session")
        tokenized = tokenize(text, max_length)
        st.markdown(_describe(tokenized))
    with picture:
        st.markdown(_badges(tokenized))
        st.dataframe(
            tokenized.tokens.rename(columns={"piece": "Word piece", "id": "Id", "attention_mask": "Attention mask"}),
            column_config={"Id": st.column_config.NumberColumn(format="%d")},
            hide_index=True,
            height=320,
            alt="The tokens that the model reads, with ids and attention mask",
        )


def _badges(tokenized: TokenizedText) -> str:
    """The tokens in a row: special ones gray, those that are cut red and struck through."""
    read = tokenized.tokens["piece"]
    special = {"[CLS]", "[SEP]", PADDING}
    shown = [f":{'gray' if piece in special else 'green'}-badge[{escape_markdown(piece)}]" for piece in read]
    return " ".join([*shown, *(f":red-badge[~~{escape_markdown(piece)}~~]" for piece in tokenized.cut)])


def _describe(tokenized: TokenizedText) -> str:
    padding = len(tokenized.tokens) - tokenized.read
    parts = [
        f"`[CLS]` opens the text and `[SEP]` ends it, so there is room for **{len(tokenized.tokens) - 2}** of its own pieces."
    ]
    if tokenized.cut:
        cut = len(tokenized.cut)
        verb = "is" if cut == 1 else "are"
        parts.append(
            f":red[**{pluralize(cut, 'piece')} {verb} cut**] and never read. Raise the maximum length to read on."
        )
    elif padding:
        parts.append(
            f"The rest is filled up with {padding} `[PAD]`. The **attention mask** is 0 there, so that the model ignores it."
        )
    return " ".join(parts)
