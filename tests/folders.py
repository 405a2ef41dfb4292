"""Folders of CSV files about the weather: what somebody kept elsewhere before Brierboard's clock shows NOON."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from forecasts.formats import Folder
from forecasts.formats.csv_folder import read

HEADS = {
    "questions": "question,set,kind,title,background,criteria,tags,group,opens_at,closes_at",
    "forecasts": "question,forecaster,made_at,probability",
    "resolutions": "question,outcome,known_at,evidence_url,note",
}
OPENS, CLOSES = "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"


def asked(slug: str = "rain", kind: str = "binary", within: str = "weather-2025") -> str:
    """A row of questions.csv: open all February."""
    return f"{slug},{within},{kind},What of the {slug}?,,As measured.,,,{OPENS},{CLOSES}"


def said(probability: str = "0.7", day: int = 2, who: str = "cleo", slug: str = "rain") -> str:
    """A row of forecasts.csv: said on that day of February."""
    return f"{slug},{who},2026-02-{day:02}T00:00:00Z,{probability}"


def decided(outcome: str = "yes", day: int = 20, slug: str = "rain") -> str:
    """A row of resolutions.csv: known on that day of February."""
    return f"{slug},{outcome},2026-02-{day:02}T00:00:00Z,,"


def write(
    path: Path, questions: Sequence[str] = (asked(),), forecasts: Sequence[str] = (), resolutions: Sequence[str] = (),
    heads: Mapping[str, str] = HEADS,
) -> Path:  # fmt: skip
    """A folder of these rows, under the usual columns unless `heads` has others for a file."""
    path.mkdir(exist_ok=True)
    for name, rows in (("questions", questions), ("forecasts", forecasts), ("resolutions", resolutions)):
        text = "".join(f"{row}\n" for row in [{**HEADS, **heads}[name], *rows])
        (path / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
    return path


def told(folder: Folder) -> list[str]:
    """Its faults as a person reads them."""
    return [str(fault) for fault in folder.faults]


def faults(path: Path) -> list[str]:
    """What is wrong with the files of a folder, each by itself."""
    return told(read(path))
