"""The words of the lesson that are neither a metric nor a setting, for the glossary."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Concept:
    """A word of the lesson: a name for links, the term, plain words, a formula or the exact definition, and its step."""

    name: str
    title: str
    description: str
    formula: str
    step: int


CONCEPTS: tuple[Concept, ...] = (
    Concept(
        "word_piece",
        "Word piece (token)",
        "A word or a part of one. A model reads a text as a list of them.",
        "the longest matches in a vocabulary of 30,522 pieces (WordPiece); ## continues a word",
        1,
    ),
    Concept(
        "attention_mask",
        "Attention mask",
        "Tells the model which tokens are text and which only fill up the batch.",
        "1 for a token, 0 for [PAD]",
        1,
    ),
    Concept(
        "truncation",
        "Truncation",
        "What does not fit into the maximum length is cut and never read.",
        "the first tokens up to the maximum length, [CLS] and [SEP] included",
        1,
    ),
    Concept(
        "embedding",
        "Vector (embedding)",
        "The numbers that stand for a word piece. Pieces with a similar use have similar vectors.",
        "384 numbers for each token and layer in the built-in encoder",
        2,
    ),
    Concept(
        "cosine_similarity",
        "Cosine similarity",
        "How far two vectors point the same way: 1 is the same direction, 0 is unrelated.",
        "a · b / (|a| |b|)",
        2,
    ),
    Concept(
        "attention",
        "Attention",
        "How much each word piece takes from each other one when its vector is computed.",
        "softmax(Q Kᵀ / √d), one matrix for each head",
        3,
    ),
    Concept(
        "logit",
        "Logit",
        "The raw score of a label before it becomes a probability. Any number is possible.",
        "w · x + b, with the vector x of the text",
        4,
    ),
    Concept(
        "softmax",
        "Softmax",
        "Turns logits into probabilities that sum to 100%.",
        "exp(zᵢ) / Σ exp(zⱼ)",
        4,
    ),
    Concept(
        "temperature",
        "Temperature",
        "A number that the logits are divided by. Above 1 the model sounds less sure; the label stays the same.",
        "softmax(z / T)",
        4,
    ),
    Concept(
        "loss",
        "Loss (cross-entropy)",
        "How wrong the model is about a text. Training makes it smaller.",
        "−ln(probability of the actual label), mean over the texts of a batch",
        5,
    ),
    Concept(
        "overfitting",
        "Overfitting",
        "The model learns its training texts by heart and gets worse on new ones.",
        "the training loss falls while the validation loss rises",
        6,
    ),
    Concept(
        "confusion_matrix",
        "Confusion matrix",
        "Counts how often each actual label was predicted as each label.",
        "rows are actual labels, columns are predicted ones",
        7,
    ),
    Concept(
        "calibration",
        "Calibration",
        "Whether predictions with a confidence of 90% are right nine times in ten.",
        "accuracy − confidence, by bins of confidence (reliability diagram)",
        7,
    ),
    Concept(
        "confidence_interval",
        "95% interval",
        "The range in which the score on many more such texts most likely is. More test rows make it narrower.",
        "Wilson 1927: (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n), z = 1.96",
        7,
    ),
    Concept(
        "behavioral_test",
        "Behavioral test",
        "Changes texts on purpose, for example with typos: the prediction must stay the same or move in a known direction.",
        "pass rate = cases that pass / cases; invariance, direction, minimum functionality (CheckList, Ribeiro et al. 2020)",
        7,
    ),
)
