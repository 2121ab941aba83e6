"""The search space: which settings a search varies, and within which ranges."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from core.errors import ConfigError
from core.training.config import RANGES

if TYPE_CHECKING:
    import optuna

Scale = Literal["linear", "log", "whole"]


@dataclass(frozen=True)
class SearchRange:
    """A setting to search with its lowest and highest value and the scale on which values are drawn.

    Raises:
        ConfigError: the setting is unknown, or the range is empty or exceeds that of the setting.
    """

    name: str
    low: float
    high: float
    scale: Scale = "linear"

    def __post_init__(self) -> None:
        allowed = RANGES.get(self.name)
        if allowed is None:
            raise ConfigError(
                f"{self.name!r} is not a setting that can be searched.", f"Choose one of {', '.join(SEARCH_RANGES)}."
            )
        if not allowed[0] <= self.low < self.high <= allowed[1]:
            raise ConfigError(
                f"Expected a range of {self.name.replace('_', ' ')} within {allowed[0]:g} and {allowed[1]:g}, "
                f"found {self.low:g} to {self.high:g}.",
                "Correct the lower or the upper end.",
            )

    def suggest(self, trial: "optuna.Trial") -> float:
        """A value for a trial."""
        if self.scale == "whole":
            return trial.suggest_int(self.name, int(self.low), int(self.high))
        return trial.suggest_float(self.name, self.low, self.high, log=self.scale == "log")


# Settings that are worth searching, with ranges around the recommended values (Dodge et al. 2020; Mosbach et al. 2021).
SEARCH_RANGES: dict[str, SearchRange] = {
    setting.name: setting
    for setting in (
        SearchRange("learning_rate", 1e-5, 5e-4, "log"),
        SearchRange("epochs", 1, 10, "whole"),
        SearchRange("batch_size", 8, 64, "whole"),
        SearchRange("frozen_layers", 0, 5, "whole"),
        SearchRange("layer_decay", 0.7, 1.0),
        SearchRange("dropout", 0.0, 0.3),
        SearchRange("token_mask_rate", 0.0, 0.3),
        SearchRange("class_weight_power", 0.0, 1.0),
        SearchRange("weight_decay", 0.0, 0.1),
        SearchRange("label_smoothing", 0.0, 0.2),
        SearchRange("warmup_ratio", 0.0, 0.3),
    )
}
