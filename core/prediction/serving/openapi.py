"""The OpenAPI document of the service."""

from typing import Any

_TEXT = {"type": "string", "minLength": 1}
_SCHEMAS: dict[str, Any] = {
    "PredictRequest": {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "inputs": {
                "description": 'One text, ["one text"], or a batch [["first text"], ["second text"]]. '
                'Pairs of texts, ["a", "b"], are refused.',
                "oneOf": [
                    _TEXT,
                    {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": 1},
                    {
                        "type": "array",
                        "minItems": 1,
                        "items": {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": 1},
                    },
                ],
            },
            "raw_scores": {
                "type": ["boolean", "null"],
                "default": False,
                "description": "Give the logits instead of probabilities.",
            },
            "truncate": {
                "type": ["boolean", "null"],
                "default": True,
                "description": "Cut texts that are longer than the model reads; false refuses them.",
            },
        },
        "example": {"inputs": [["first text"], ["second text"]]},
    },
    "InferenceRequest": {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "inputs": {"oneOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]},
            "parameters": {
                "type": ["object", "null"],
                "properties": {
                    "top_k": {
                        "type": ["integer", "null"],
                        "minimum": 1,
                        "description": "Keep this many labels, those with the largest scores.",
                    },
                    "function_to_apply": {
                        "enum": ["default", "none", "softmax", "sigmoid", None],
                        "description": "The function that turns logits into scores.",
                    },
                },
            },
        },
        "example": {"inputs": "a text", "parameters": {"top_k": 3}},
    },
    "Label": {
        "type": "object",
        "required": ["label", "score", "predicted"],
        "properties": {
            "label": {"type": "string"},
            "score": {"type": "number", "description": "A probability; for a regression model the predicted value."},
            "predicted": {"type": "boolean", "description": "Whether the decision rule predicts this label."},
            "threshold": {"type": "number", "description": "The probability above which the label is predicted."},
            "sure": {"type": "boolean", "description": "False: the confidence is below abstain_below; review by hand."},
            "abstain_below": {"type": "number", "description": "The confidence below which a prediction is not sure."},
            "low": {"type": "number", "description": "Lower end of the interval around a predicted value."},
            "high": {"type": "number", "description": "Upper end of the interval around a predicted value."},
        },
    },
    "Answer": {
        "type": "array",
        "description": "The labels of one text, largest score first.",
        "items": {"$ref": "#/components/schemas/Label"},
    },
    "Answers": {"type": "array", "items": {"$ref": "#/components/schemas/Answer"}},
    "AnswerOrAnswers": {
        "description": "A flat list for one text, a list of lists for a batch.",
        "anyOf": [{"$ref": "#/components/schemas/Answer"}, {"$ref": "#/components/schemas/Answers"}],
    },
    "Error": {
        "type": "object",
        "required": ["error", "error_type"],
        "properties": {"error": {"type": "string"}, "error_type": {"type": "string"}},
    },
}
_ERRORS = {
    "400": "The body is empty, is not JSON, or holds no text",
    "401": "The token is missing or wrong",
    "404": "There is no such model",
    "408": "The body did not arrive in time",
    "413": "The body is too large, there are too many texts, or a text is too long",
    "415": "The body is compressed",
    "422": "A field has the wrong type or value, or a text cannot be read",
    "424": "The model failed or took too long",
    "429": "The queue is full",
    "503": "The service is stopping",
}
_NAME = {"name": "name", "in": "path", "required": True}


def openapi_document(models: list[str], needs_token: bool) -> dict[str, Any]:
    """The OpenAPI 3.1 document of a service with these models."""
    name = _NAME | {"schema": {"type": "string", "enum": models}}
    security: list[dict[str, list[str]]] = [{"token": []}] if needs_token else []
    components: dict[str, Any] = {"schemas": _SCHEMAS}
    if needs_token:
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    predict = _post("Classify texts, as text-embeddings-inference does", "PredictRequest", "AnswerOrAnswers")
    inference = _post("Classify texts, as the Hugging Face inference API does", "InferenceRequest", "Answers")
    return {
        "openapi": "3.1.0",
        "info": {"title": "Finetune Studio", "version": "1", "description": "Text classification by trained models."},
        "security": security,
        "paths": {
            "/": {"get": _get("A page to try the models", "text/html", is_public=True), "post": inference},
            "/predict": {"post": predict},
            "/models": {"get": _get("The names of the models")},
            "/models/{name}": {"parameters": [name], "post": inference},
            "/models/{name}/predict": {"parameters": [name], "post": predict},
            "/models/{name}/info": {"parameters": [name], "get": _get("Labels, decision rule and metrics of a model")},
            "/info": {"get": _get("Labels, decision rule and metrics of the first model")},
            "/health": {"get": _get("Whether the service answers", is_public=True)},
            "/metrics": {"get": _get("Metrics in the format of Prometheus", "text/plain")},
            "/openapi.json": {"get": _get("This document", is_public=True)},
        },
        "components": components,
    }


def _get(summary: str, kind: str = "application/json", is_public: bool = False) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": summary,
        "responses": {"200": {"description": summary, "content": {kind: {}}}},
    }
    return operation | ({"security": []} if is_public else {})


def _post(summary: str, request: str, answer: str) -> dict[str, Any]:
    errors = {status: {"description": text, "content": _content("Error")} for status, text in _ERRORS.items()}
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": _content(request)},
        "responses": {"200": {"description": "Labels with scores", "content": _content(answer)}, **errors},
    }


def _content(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
