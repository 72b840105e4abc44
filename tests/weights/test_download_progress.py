"""What is told while a model is downloaded; the counting of its bytes is in `test_faults.py`."""

from demo.backend.models import CHOICES, HUB_MEGABYTES, fetching
from drln import Progress

REPO = "eugenesiow/drln-bam"


def test_a_download_tells_its_share_and_the_seconds_left():
    step = fetching(CHOICES[REPO], 4, arrived=HUB_MEGABYTES * 1_000_000 // 4, seconds=10)

    assert step == Progress("Fetching DRLN-BAM 4x from the hub", 0.25, 30)


def test_a_download_of_which_nothing_has_come_tells_how_long_it_has_been_asked_for():
    step = fetching(CHOICES[REPO], 4, arrived=0, seconds=10)

    assert step == Progress("Fetching DRLN-BAM 4x from the hub, 10 s", 0.0)
