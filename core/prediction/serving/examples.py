"""Code examples that call the service: curl, Python, JavaScript, and a Dockerfile that starts it."""

import json
import shlex
from dataclasses import dataclass


@dataclass(frozen=True)
class CodeExample:
    """Code to copy, its title and its language as highlighters name it."""

    title: str
    language: str
    code: str


def code_examples(
    address: str, text: str, model: str = "", needs_token: bool = False, run_folder: str = "RUN_FOLDER"
) -> list[CodeExample]:
    """Code that classifies a text, for the service at an address such as ``http://127.0.0.1:8000``.

    Args:
        address: scheme, host and port.
        text: the text to classify.
        model: the name of the model in the URL; empty for the first model of the service.
        needs_token: whether the service asks for a bearer token, which the examples read from ``$TOKEN``.
        run_folder: the folder that the Dockerfile copies.
    """
    root = f"{address}/models/{model}" if model else address
    body = json.dumps({"inputs": text}, ensure_ascii=False)
    curl = [f"curl {shlex.quote(root + '/predict')}", "-H 'Content-Type: application/json'", f"-d {shlex.quote(body)}"]
    python = ["from huggingface_hub import InferenceClient", "", f"client = InferenceClient({json.dumps(root)})"]
    headers = '"Content-Type": "application/json"'
    if needs_token:
        curl.insert(1, '-H "Authorization: Bearer $TOKEN"')
        python = ["import os", *python[:2], f'client = InferenceClient({json.dumps(root)}, token=os.environ["TOKEN"])']
        headers += ", Authorization: `Bearer ${token}`"
    python.append(f"print(client.text_classification({json.dumps(text, ensure_ascii=False)}))")
    javascript = (
        f"const response = await fetch({json.dumps(root + '/predict')}, {{\n"
        f'  method: "POST",\n  headers: {{ {headers} }},\n  body: JSON.stringify({body}),\n}});\n'
        "console.log(await response.json());"
    )
    return [
        CodeExample("curl", "bash", " \\\n  ".join(curl)),
        CodeExample("Python", "python", "\n".join(python)),
        CodeExample("JavaScript", "javascript", javascript),
        CodeExample("Dockerfile", "dockerfile", dockerfile(run_folder)),
    ]


def dockerfile(run_folder: str) -> str:
    """A Dockerfile for the root of this repository that serves the run in a folder beside it."""
    return (
        "# docker build -t classifier . && docker run -p 8000:8000 -e STUDIO_SERVE_TOKEN classifier\n"
        "FROM python:3.11-slim\n"
        "WORKDIR /app\n"
        "COPY requirements.txt .\n"
        "RUN pip install --no-cache-dir -r requirements.txt\n"
        "COPY core core\n"
        f"COPY {run_folder} /run\n"
        'CMD ["python", "-m", "core", "serve", "/run", "--host", "0.0.0.0"]'
    )
