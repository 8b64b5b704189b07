"""The table."""

import dataclasses


@dataclasses.dataclass
class Goal:
    """What a figure is to reach: `least` or `most` of it."""

    text: str
    least: float | None = None
    most: float | None = None

    def is_met(self, value):
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


def title(text):
    print(f"\n### {text}\n")
    print("| what | figure | goal | reached |")
    print("|---|--:|--:|---|", flush=True)


def row(what, value, goal=None, unit=""):
    """One line; a figure without a goal is beside others."""
    figure = f"{value:.2f}" if value < 10 else f"{value:.0f}"
    told = (goal.text, "yes" if goal.is_met(value) else "no") if goal else ("", "")
    print(f"| {what} | {figure}{unit} | {told[0]} | {told[1]} |", flush=True)


def at_least(value, unit=""):
    return Goal(f"≥ {value}{unit}", least=value)


def at_most(value, unit=""):
    return Goal(f"≤ {value}{unit}", most=value)
