"""The theme: contrasts, and colors that color-blind people can tell apart. The figures are those of docs/design.md."""

import tomllib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from core.charts import theme as chart_theme

ROOT = Path(__file__).parents[2]
THEME = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))["theme"]
# Machado et al. 2009, severity 1.0, for linear RGB.
DEFICIENCIES = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


def linear(color: str) -> np.ndarray:
    """The linear RGB values of a hexadecimal color."""
    channels = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2."""
    low, high = sorted(float(linear(color) @ [0.2126, 0.7152, 0.0722]) for color in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIELAB (D65) of linear RGB values."""
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ rgb
    x, y, z = np.cbrt(xyz / [0.9505, 1.0, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def blend(color: str, background: str, opacity: float) -> str:
    """A color that is partly transparent, on a background."""
    mixed = [
        round(opacity * int(color[i : i + 2], 16) + (1 - opacity) * int(background[i : i + 2], 16)) for i in (1, 3, 5)
    ]
    return "#" + "".join(f"{value:02x}" for value in mixed)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_texts_and_controls_have_contrast(name: str) -> None:
    theme = THEME[name]
    for background in (theme["backgroundColor"], theme["secondaryBackgroundColor"]):
        assert contrast(theme["textColor"], background) >= 7
        assert contrast(blend(theme["textColor"], background, 0.6), background) >= 4.5  # captions
        assert contrast(theme["linkColor"], background) >= 4.5
        assert contrast(theme["primaryColor"], background) >= 4.5
    on_primary = {"light": "#ffffff", "dark": "#06211e"}[name]
    assert on_primary in (ROOT / "pages/assets/style.css").read_text(encoding="utf-8")
    assert contrast(on_primary, theme["primaryColor"]) >= 4.5


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("name", ["light", "dark"])
def test_chart_colors_differ_for_everyone(name: str, deficiency: str) -> None:
    theme, matrix = THEME[name], np.array(DEFICIENCIES[deficiency])
    colors = theme["chartCategoricalColors"]
    assert min(contrast(color, theme["backgroundColor"]) for color in colors) >= 3
    seen = [lab(np.clip(matrix @ linear(color), 1e-6, 1)) for color in colors]
    assert min(float(np.linalg.norm(one - other)) for one, other in combinations(seen, 2)) >= 18


def test_the_report_is_drawn_with_the_colors_of_the_light_theme() -> None:
    light = THEME["light"]
    assert light["chartCategoricalColors"] == chart_theme.CATEGORICAL
    assert light["chartSequentialColors"] == chart_theme.SEQUENTIAL
    assert light["chartDivergingColors"] == chart_theme.DIVERGING


@pytest.mark.parametrize("name", ["light", "dark"])
def test_fixed_chart_colors_suit_both_themes(name: str) -> None:
    background = THEME[name]["backgroundColor"]
    for color in (chart_theme.LIMIT_COLOR, chart_theme.POSITIVE_COLOR, chart_theme.MUTED_COLOR):
        assert contrast(color, background) >= 3
