"""The functions that score: what people call them, and their names in Kinesis Data Analytics."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

State: TypeAlias = Literal["WARMING", "OK", "ANOMALY", "SUPPRESSED", "MISSING"]
"""What the detector says of a value."""

DETECTOR: Final = "DETECTOR"
"""The lab's own."""

FOREST: Final = "RANDOM_CUT_FOREST"
EXPLAINED: Final = "RANDOM_CUT_FOREST_WITH_EXPLANATION"
HOTSPOTS: Final = "HOTSPOTS"

MODES: Final = {
    "detector": DETECTOR,
    "rcf": FOREST,
    "explanation": EXPLAINED,
    "hotspots": HOTSPOTS,
}
