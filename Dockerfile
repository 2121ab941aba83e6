# The app for visitors of a network: docs/deployment.md has the steps. Build: docker build -t finetune-studio .
FROM python:3.12.8-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    STUDIO_HOME=/data \
    STUDIO_MODE=shared \
    HF_HOME=/data/huggingface

WORKDIR /app

# Without a GPU the CPU build of torch saves several GB; TORCH_INDEX="" installs the build for NVIDIA GPUs.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY requirements.txt .
RUN if [ -n "$TORCH_INDEX" ]; then \
        pip install --index-url "$TORCH_INDEX" "$(grep '^torch==' requirements.txt)"; \
    fi \
    && pip install -r requirements.txt

COPY LICENSE app.py ./
COPY .streamlit .streamlit
COPY core core
COPY pages pages

# The app reads its own files and writes to /data only.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin studio \
    && mkdir /data \
    && chown studio /data
USER 10001
VOLUME /data
EXPOSE 8501

HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]

CMD ["streamlit", "run", "app.py", "--server.headless=true", "--server.address=0.0.0.0", "--server.port=8501", "--server.fileWatcherType=none"]
