"""Call it from code: the command that serves the model over HTTP, and code that calls it."""

import streamlit as st

from core.prediction.serving.examples import code_examples
from core.prediction.serving.options import DEFAULT_HOST, DEFAULT_PORT
from pages.shared.prediction import TextPrediction
from pages.shared.visitor import is_local

_IMPORT = "python -m core import model.zip"


def show_service_code(prediction: TextPrediction) -> None:
    """An expander with the command and the code, for the text of the prediction; nothing for the demo model."""
    run = prediction.model.run
    if run is None:
        return
    address = f"http://{DEFAULT_HOST}:{DEFAULT_PORT}"
    with st.expander("Call it from code"):
        if is_local():
            name = run.id
            st.caption("Start the service in a terminal, in the folder of this app:")
            st.code(f"python -m core serve {name}", language="bash")
        else:
            name = "RUN"
            st.caption(
                "Download the zip of the model on Models. Where this app is installed, import it and start the service. "
                "RUN is the id that the import prints."
            )
            st.code(f"{_IMPORT}\npython -m core serve {name}", language="bash")
        st.caption(f"It answers on {address}, where a page lets you try it. Then call it:")
        examples = code_examples(address, prediction.text, run_folder=name)
        for tab, example in zip(st.tabs([example.title for example in examples]), examples, strict=True):
            tab.code(example.code, language=example.language, wrap_lines=True)
