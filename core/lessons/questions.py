"""The ten questions of the quiz, with an explanation of every option. Tests check the answers against running code."""

from dataclasses import dataclass
from typing import Final, Literal

Level = Literal["Basics", "By hand", "Judgment"]
LEVELS: Final[tuple[Level, ...]] = ("Basics", "By hand", "Judgment")


@dataclass(frozen=True)
class Option:
    """A possible answer, and why it is right or wrong."""

    text: str
    explanation: str


@dataclass(frozen=True)
class Question:
    """A question with four options; ``answer`` is the number of the right one from 0, ``step`` the lesson's step about it."""

    name: str
    level: Level
    step: int
    text: str
    answer: int
    options: tuple[Option, Option, Option, Option]
    code: str = ""


QUESTIONS: Final[tuple[Question, ...]] = (
    Question(
        "purpose",
        "Basics",
        5,
        "What happens when BERT is fine-tuned on labeled texts?",
        2,
        (
            Option(
                "It learns English from the labeled texts.",
                "It already knows English from pre-training on far more text.",
            ),
            Option(
                "It collects the words that are typical of each label.",
                "That is a keyword list. BERT reads words in context.",
            ),
            Option(
                "Its pre-trained weights and a new head are adjusted so that the loss on the labels falls.",
                "Small steps from good weights: this is why a few hundred texts can be enough.",
            ),
            Option(
                "It learns to write texts like the labeled ones.", "BERT is an encoder. It reads texts and writes none."
            ),
        ),
    ),
    Question(
        "word_pieces",
        "Basics",
        1,
        "Into which word pieces does the built-in tokenizer split “tokenization”?",
        1,
        (
            Option("tokenization", "Only frequent words are one piece. This one is not in the vocabulary."),
            Option("token, ##ization", "The longest known beginning first; ## marks a piece that continues a word."),
            Option(
                "[UNK]", "[UNK] is left for characters that the vocabulary does not have. This word has known parts."
            ),
            Option("to, ken, iza, tion", "These are syllables. WordPiece takes the longest pieces that it knows."),
        ),
    ),
    Question(
        "truncation",
        "Basics",
        1,
        "A text has 300 word pieces, and the maximum length is 128. How many of its word pieces does BERT read?",
        0,
        (
            Option("126", "[CLS] and [SEP] take two of the 128 places."),
            Option("128", "Almost: [CLS] and [SEP] count, too."),
            Option("300, in three parts", "The rest is cut. It is not read in parts."),
            Option("298", "Two places go to [CLS] and [SEP], but only 128 exist."),
        ),
    ),
    Question(
        "overfitting",
        "Basics",
        6,
        "The training loss by epoch is 0.60, 0.30, 0.12, 0.04. The validation loss is 0.58, 0.41, 0.47, 0.66. "
        "Which checkpoint do you keep?",
        1,
        (
            Option("Epoch 1", "The validation loss still falls after it."),
            Option("Epoch 2", "The lowest validation loss. After it the model learns the training texts by heart."),
            Option("Epoch 3", "The training loss is lower here, but the validation loss has begun to rise."),
            Option("Epoch 4", "The lowest training loss says how well it remembers, not how well it reads new texts."),
        ),
    ),
    Question(
        "argmax",
        "By hand",
        4,
        "The logits are billing −0.4, refund 2.9 and delivery 1.2. Which label is predicted?",
        1,
        (
            Option("billing", "It has the lowest logit."),
            Option("refund", "The highest logit wins. Softmax does not change the order, so it is not needed."),
            Option("delivery", "Its probability is second: about 15%."),
            Option("None, because no logit is a probability", "Logits need not be probabilities to be compared."),
        ),
    ),
    Question(
        "softmax",
        "By hand",
        4,
        "Two logits are 0 and 1.1 (which is about ln 3). What is the probability of the second label?",
        2,
        (
            Option("50%", "Only if both logits are the same."),
            Option("52.5%", "(1 + 0.05) / 2 is no softmax. Take e to the power of each logit first."),
            Option("75%", "The exponentials are 1 and 3, and 3 / (1 + 3) = 75%."),
            Option("110%", "A logit is not a probability. Softmax makes it one, and all of them sum to 100%."),
        ),
    ),
    Question(
        "missing_labels",
        "By hand",
        5,
        "This line of a training loop fails. Why?",
        3,
        (
            Option(
                "The model is in evaluation mode.",
                "Gradients are computed in evaluation mode, too. Only dropout is off.",
            ),
            Option(
                "The optimizer must be called first.", "The optimizer needs the gradients that backward() computes."
            ),
            Option("The batch must not be padded.", "Padding is fine. The attention mask hides it."),
            Option(
                "There is no loss, because labels= is missing.",
                "Without labels the model returns logits, and loss is None. Add labels=… to the call.",
            ),
        ),
        "model(input_ids=ids, attention_mask=mask).loss.backward()",
    ),
    Question(
        "imbalance",
        "Judgment",
        7,
        "Of 100 messages 5 are urgent. A model always says “not urgent”. What are its accuracy and its F1 (macro)?",
        0,
        (
            Option(
                "95% and 49%", "F1 is 0.97 for one label and 0 for the other. Their mean shows what accuracy hides."
            ),
            Option("95% and 95%", "It never finds an urgent message, so F1 of that label is 0."),
            Option("50% and 50%", "Accuracy counts messages, and 95 of 100 are right."),
            Option("5% and 49%", "It is right about the 95 that are not urgent."),
        ),
    ),
    Question(
        "leakage",
        "Judgment",
        7,
        "Half of your test texts are also in the training set. What happens to the test accuracy?",
        3,
        (
            Option(
                "Nothing: the labels are the same.", "The model has seen these labels. It can repeat them from memory."
            ),
            Option("It is lower, because the model is confused.", "Texts that it has seen are the easiest of all."),
            Option(
                "It is the same, but the interval is narrower.", "The value itself is wrong. No interval repairs that."
            ),
            Option(
                "It is too high: part of it is memory.",
                "New texts are not in the training set. Data finds such duplicates before you train.",
            ),
        ),
    ),
    Question(
        "calibration",
        "Judgment",
        7,
        "A model gave 200 predictions with a confidence of 90%. 150 of them are right. What is true?",
        1,
        (
            Option("It is well calibrated.", "Then about 180 of 200 would be right."),
            Option(
                "It is overconfident. A temperature above 1 makes its confidence honest.",
                "75% are right, not 90%. Dividing the logits by a temperature lowers the confidence and keeps each label.",
            ),
            Option("It is underconfident.", "Then more than 180 would be right."),
            Option(
                "Its accuracy must be 90%.",
                "Confidence is what the model says, accuracy what happens. They can differ.",
            ),
        ),
    ),
)
