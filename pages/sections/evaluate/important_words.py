"""The section Important words: the words that raise and lower the score of a label, and those behind a confusion."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from core.analysis.important_words import MAX_SAMPLE, MAX_SECONDS, important_words_job
from core.analysis.word_effects import MIN_TEXTS, WordEffects
from core.charts import evaluation as evaluation_charts
from core.evaluation.diagnostics.mistakes import confused_pairs
from core.formatting import format_duration, pluralize
from core.jobs.folder import JobFolder
from pages.sections.evaluate.text_cards import show_text_cards
from pages.sections.evaluate.view import RunView
from pages.shared import cache
from pages.shared.downloads import download_buttons
from pages.shared.job_progress import JobTexts, show_job
from pages.shared.widgets import escape_markdown

_TEXTS = JobTexts(
    button="Find the important words",
    icon=":material/key_visualizer:",
    description=(
        f"Each word of up to {MAX_SAMPLE:,} validation texts is left out once, to see how the model's scores change. "
        f"This takes at most {format_duration(MAX_SECONDS)} once the model is loaded. The test rows are not used."
    ),
    phases={"loading": "Loading the model", "explaining": "Leaving out words"},
)
_LABEL, _CONFUSION = "A label", "A confusion"
_MAX_BARS_PER_SIDE = 12


def show_important_words(view: RunView) -> None:
    """Draw the words, or their job while there are none."""
    st.subheader("Important words", anchor=False)
    if not view.run.sizes["validation"]:
        st.info("The run has no validation rows, so there are no texts to explain.", icon=":material/info:")
        return
    view = replace(view, split="validation")
    job = important_words_job(view.run)
    effects = cache.important_words(job, view.run)
    status = job.status()
    if effects is None or (status is not None and status.active):
        show_job(job, _TEXTS)
        return
    _show_coverage(view, job, effects)
    if _choose_question(view) == _CONFUSION:
        _show_confusion(view, effects)
    else:
        _show_label(view, effects)


def _show_coverage(view: RunView, job: JobFolder, effects: WordEffects) -> None:
    rows = view.run.sizes["validation"]
    drawn = f"{effects.sampled_texts:,} of {pluralize(rows, 'validation text')}, drawn at random"
    st.caption(
        "The effect of a word is how much a score falls when the word is left out, on average over the texts with it: "
        f"{f'all {rows:,} validation texts' if effects.sampled_texts == rows else drawn}. "
        "Upper and lower case count as the same word. The effects describe the model, not the language."
    )
    if effects.sampled_texts < min(MAX_SAMPLE, rows) and st.button("Find the words again", icon=_TEXTS.icon):
        job.start()
        st.rerun()


def _choose_question(view: RunView) -> str:
    if not view.run.task.labels:
        return _LABEL
    key = f"words-question-{view.run.id}"
    return st.segmented_control("Words of", [_LABEL, _CONFUSION], default=_LABEL, required=True, key=key) or _LABEL


def _show_label(view: RunView, effects: WordEffects) -> None:
    labels = view.run.task.labels
    label = st.selectbox("Label", labels, key=f"words-label-{view.run.id}") if labels else ""
    words = effects.for_label(label, _choose_min_texts(MIN_TEXTS))
    title = f"effect on the log-odds of “{label}”" if label else "effect on the predicted value"
    _show_words(view, effects, words, title)


def _show_confusion(view: RunView, effects: WordEffects) -> None:
    pairs = confused_pairs(view.prediction_table)
    pairs = pairs[pairs["position"].isin(effects.rows)]
    if pairs.empty:
        st.success("No labels are confused in the explained texts.", icon=":material/check_circle:")
        return
    counts = pairs.groupby(["actual", "predicted"]).size().sort_values(ascending=False, kind="stable")
    actual, predicted = st.selectbox(
        "Confusion",
        counts.index.tolist(),
        format_func=lambda pair: f"{pair[0]} → {pair[1]} ({pluralize(counts[pair], 'text')})",
        key=f"words-confusion-{view.run.id}",
    )
    rows = pairs.loc[(pairs["actual"] == actual) & (pairs["predicted"] == predicted), "position"].tolist()
    st.caption(
        escape_markdown(
            f"Words with a positive effect pulled {pluralize(len(rows), 'text')} of “{actual}” toward “{predicted}”; "
            f"words with a negative effect spoke for “{actual}”."
        )
    )
    words = effects.for_confusion(rows, actual, predicted, _choose_min_texts(1))
    title = f"effect on the logit of “{predicted}” minus that of “{actual}”"
    _show_words(view, effects, words, title, rows)


def _choose_min_texts(default: int) -> int:
    return int(
        st.number_input(
            "Minimum number of texts with the word",
            min_value=1,
            value=default,
            help="The effect of a word that is in few texts says little about other texts.",
            key=f"words-min-texts-{default}",
        )
    )


def _show_words(
    view: RunView, effects: WordEffects, words: pd.DataFrame, title: str, rows: list[int] | None = None
) -> None:
    """Draw the chart, the table and example texts; only those at ``rows`` where they are given."""
    if words.empty:
        st.info("No word is in so many of the explained texts. Choose a smaller number.", icon=":material/info:")
        return
    raising, lowering = words[words["score"] > 0], words[words["score"] < 0]
    strongest = pd.concat([raising.head(_MAX_BARS_PER_SIDE), lowering.tail(_MAX_BARS_PER_SIDE)])
    st.altair_chart(evaluation_charts.important_words(strongest, title), alt="Important words")
    st.dataframe(
        words.rename(columns={"score": "effect"}),
        hide_index=True,
        height=280,
        column_config={"effect": st.column_config.NumberColumn(format="%+.2f")},
        alt="Words with their effects",
    )
    download_buttons(words, view.file_name("important-words"))
    by_strength = words.sort_values("score", key=abs, ascending=False, kind="stable")
    word = st.selectbox("Show texts with the word", by_strength["word"].tolist(), key=f"words-word-{view.run.id}")
    found = [row for row in effects.rows_with(word) if rows is None or row in rows]
    show_text_cards(view, view.prediction_table.iloc[found], f"word-{view.run.id}")
