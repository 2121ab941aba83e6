"""The verdict on a run, put together from its evaluation; the page, the report and the command line show it."""

from collections.abc import Sequence
from dataclasses import dataclass

from core import run_evaluation
from core.reports.verdict.advice import Advice, Outcome, advise, describe_comparison, describe_use
from core.reports.verdict.evidence import Evidence, collect_evidence
from core.reports.verdict.quality import describe_certainty, describe_quality
from core.reports.verdict.weaknesses import describe_weaknesses
from core.run_evaluation import BaselineComparison
from core.runs import Run


@dataclass(frozen=True)
class Verdict:
    """A run in plain words, on one split.

    ``headline`` and ``quality`` say how good it is, ``use`` what it can be used for, and ``comparison`` whether it is better
    than the baselines; ``comparison_question`` is the question that this answers.
    """

    outcome: Outcome
    headline: str
    quality: tuple[str, ...]
    use: str
    certainty: tuple[str, ...]
    comparison_question: str
    comparison: tuple[str, ...]
    weaknesses: tuple[str, ...]
    advice: Advice

    def details(self) -> dict[str, tuple[str, ...]]:
        """The sentences that answer each question about what is behind the headline, without questions that have no answer."""
        answers = {
            "How sure is that?": self.certainty,
            self.comparison_question: self.comparison,
            "Where does it fail?": self.weaknesses,
            "What comes next?": (self.advice.text,),
        }
        return {question: sentences for question, sentences in answers.items() if sentences}


def reported_split(run: Run) -> str:
    """The split that reports are about: test, or validation for a run without test rows."""
    return "test" if run.sizes["test"] else "validation"


def make_verdict(run: Run, split: str, comparisons: Sequence[BaselineComparison] | None = None) -> Verdict:
    """The verdict on a finished run.

    Args:
        run: the run.
        split: "test" or "validation".
        comparisons: the comparisons with the baselines where they are known; computed otherwise.

    Raises:
        StorageError: a stored file of the run is damaged.
    """
    if comparisons is None:
        measured = run.has_logits(split) and run.sizes[split] > 0
        comparisons = run_evaluation.compare_with_baselines(run, split) if measured else []
    return compose_verdict(collect_evidence(run, split, comparisons))


def compose_verdict(evidence: Evidence) -> Verdict:
    """The verdict that follows from the evidence."""
    quality = describe_quality(evidence)
    outcome, use = describe_use(evidence, quality)
    return Verdict(
        outcome=outcome,
        headline=quality.headline,
        quality=quality.sentences,
        use=use,
        certainty=tuple(describe_certainty(evidence)),
        comparison_question="Did fine-tuning help?" if evidence.fine_tuned else "Is it better than the baselines?",
        comparison=(describe_comparison(evidence),) if evidence.rows else (),
        weaknesses=tuple(describe_weaknesses(evidence)),
        advice=advise(evidence, quality),
    )
