"""The code that predicts the shown text with the pipeline of transformers and applies the model's decision rule."""

from core import decision_rule
from core.codegen.predict import predict_code
from core.models.record import read_model_record
from pages.shared.code import Code, show_code
from pages.shared.prediction import TextPrediction


def show_predict_code(prediction: TextPrediction) -> None:
    """An expander with the code; nothing for the demo model, which cannot be downloaded."""
    if prediction.model.run is not None:
        show_code(f"predict-{prediction.model.key}", lambda: _make(prediction))


def _make(prediction: TextPrediction) -> Code:
    folder = prediction.model.folder
    rule, truncation = decision_rule.load(folder), read_model_record(folder).truncation
    code = predict_code(prediction.predictions.task, rule, prediction.text, truncation)
    about = "It predicts the same, without this app. Download the zip of the model on Models, unpack it, and run this beside it."
    return Code(code, about)
