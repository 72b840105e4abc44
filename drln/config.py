"""What it takes to rebuild a DRLN network, checked at birth.

Knows nothing about files, training or tensors.
"""

from __future__ import annotations

from dataclasses import dataclass

SCALES = (2, 3, 4)


@dataclass(frozen=True)
class DrlnConfig:
    """The facts of one network; the defaults are the published 34 M parameter shape.

    Args:
        scale: how many times larger the result is on each side: 2, 3 or 4.
        bam: balanced attention (Wang et al. 2021) if true, else the Laplacian attention of
            the DRLN paper (Anwar and Barnes 2020).
        channels: feature maps between the blocks.
        groups: dense blocks in each residual group.

    Raises:
        ValueError: for a scale, width or group list that no network can be built from.
    """

    scale: int
    bam: bool = False
    channels: int = 64
    groups: tuple[int, ...] = (3, 3, 3, 3, 4, 4)

    def __post_init__(self) -> None:
        object.__setattr__(self, "groups", tuple(self.groups))
        if self.scale not in SCALES:
            raise ValueError(f"scale is {self.scale!r}; choose one of {SCALES}")
        if not isinstance(self.channels, int) or self.channels < 1:
            raise ValueError(f"channels is {self.channels!r}; give a whole number of at least 1")
        if not self.groups or not all(isinstance(n, int) and n >= 1 for n in self.groups):
            raise ValueError(
                f"groups is {self.groups!r}; give the number of dense blocks of each group, as in (3, 3)"
            )
