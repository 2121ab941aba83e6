"""The report as one HTML file: no scripts and no links, charts as SVG.

Charts are drawn by vl-convert, which renders Vega-Lite without a browser. Without that package the report has no charts.
"""

import importlib.util
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.charts.theme import CONFIG, Chart
from core.reports.content import format_cell, make_report
from core.runs import Run

_TEMPLATE = "report.html.j2"


def render_html(run: Run) -> str:
    """The report on a finished run.

    Raises:
        RunError: the run has no results.
        StorageError: a stored file of the run is damaged.
    """
    report = make_report(run)
    sections = [
        report.verdict,
        report.metrics,
        *report.details,
        report.calibration,
        report.mistakes,
        report.intended_use,
        report.data,
        report.limitations,
        report.reproduction,
    ]
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"svg": _render_svg, "cell": format_cell}
    has_charts = importlib.util.find_spec("vl_convert") is not None
    return environment.get_template(_TEMPLATE).render(report=report, sections=sections, has_charts=has_charts)


def _render_svg(chart: Chart) -> str:
    import vl_convert

    return str(vl_convert.vegalite_to_svg(chart.to_json(), config=CONFIG))
