"""Retakes the pictures of the README from the running app: ``make screenshots``.

A demo run is trained in a home of its own, with the sample of clinic messages. Pictures are in the light theme, 1280 x 800
pixels, with a palette of colors so that each is small.
"""

import io
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from core.data.samples import CLINIC
from core.experiments.launch import follow_events, start_demo_run
from core.workspace import workspace_of
from tests.browser.conftest import CHROMIUM, FLAGS, ROOT, free_port, start_server, visit

FOLDER = ROOT / "docs" / "images"
# The names of the pictures, and the paths of their pages: for somebody new, and after the demo run.
NEW = {"home": ""}
AFTER_RUN = {"data": "data", "train": "train", "evaluate": "evaluate", "predict": "predict"}
MAX_BYTES = 200_000
_SIZE = (1280, 800)
_COLORS = 256
# Charts and fonts are drawn after the page's script has ended.
_DRAWING_MS = 2_500
_TIMEOUT_MS = 120_000


def main() -> None:
    """Take a picture of Home, train the demo run, take a picture of each page, and print the sizes of the files."""
    if CHROMIUM is None:
        sys.exit("Chromium is not installed (on Debian: apt-get install chromium).")

    def save(name: str, picture: bytes) -> None:
        (FOLDER / f"{name}.png").write_bytes(picture)
        print(f"{name}.png: {len(picture):,} bytes")

    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        os.environ["STUDIO_HOME"] = scratch
        take_pictures(home, NEW, save)
        for _ in follow_events(start_demo_run(workspace_of("local", home), CLINIC)):
            pass
        take_pictures(home, AFTER_RUN, save)


def take_pictures(home: Path, pages: Mapping[str, str], save: Callable[[str, bytes], object]) -> None:
    """Save a picture of each of these pages of the app with the workspace of a home."""
    server = start_server(home, free_port())
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
            width, height = _SIZE
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
            page.set_default_timeout(_TIMEOUT_MS)
            for name, path in pages.items():
                visit(page, server, path)
                save(name, take_picture(page))
            browser.close()
    finally:
        server.process.kill()
        server.process.wait()


def take_picture(page: Page) -> bytes:
    """A picture of the open page, as PNG.

    Raises:
        ValueError: the picture is larger than ``MAX_BYTES``.
    """
    page.wait_for_function("() => !document.querySelector('[data-testid=stSkeleton]')")
    page.wait_for_timeout(_DRAWING_MS)
    picture = compress(page.screenshot())
    if len(picture) > MAX_BYTES:
        raise ValueError(f"The picture of {page.url} has {len(picture):,} bytes, more than {MAX_BYTES:,}.")
    return picture


def compress(picture: bytes) -> bytes:
    """The picture with a palette of its most frequent colors."""
    file = io.BytesIO()
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(_COLORS).save(file, "PNG", optimize=True)
    return file.getvalue()


if __name__ == "__main__":
    main()
