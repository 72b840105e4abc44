"""What it takes to rebuild a DRLN network.

Knows nothing about files, training or tensors.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass

from drln.super_image_names import init_with_super_image_names

# By scale: the factors by which the upsampler enlarges, one stage after the other. To add a scale, add a line here, and
# train its weights for every model that the demo offers.
STAGES = {2: (2,), 3: (3,), 4: (2, 2)}
SCALES = tuple(STAGES)
ATTENTION_REDUCTION = 16    # both papers squeeze the channel weights 16 to 1
INSTEAD = {
    "data_parallel": (False, "leave it out, and start the program with `accelerate launch`, which uses all GPUs"),
    "model_type": ("DRLN", "leave it out: it is always 'DRLN'"),
    "name_or_path": ("", "leave it out: `source` of the model says where its weights are from"),
    "n_feats": (64, "write channels="),
    "n_resblocks": (20, "write groups=, the number of blocks in each group, such as (3, 3)"),
}


@init_with_super_image_names(instead=INSTEAD)
@dataclass(frozen=True)
class DrlnConfig:
    """The facts of one network; the defaults are the published 34 M parameter shape.

    Args:
        scale: how many times larger the result is on each side: 2, 3 or 4.
        bam: balanced attention (Wang et al. 2021) if true, else the Laplacian attention of
            the DRLN paper (Anwar and Barnes 2020).
        channels: feature maps between the blocks.
        groups: dense blocks in each residual group.
        border: LR pixels added on each side by repeating the image's edge, and cut from the result again; 0 for the
            published networks.

    Raises:
        ValueError: for a value that no network can be built from; 2.0 and True are not whole numbers.
        TypeError: for an unknown argument; for super-image's arguments it says what to write instead.
    """

    scale: int
    bam: bool = False
    _: KW_ONLY
    channels: int = 64
    groups: tuple[int, ...] = (3, 3, 3, 3, 4, 4)
    border: int = 0

    def __post_init__(self) -> None:
        if not is_scale(self.scale):
            raise ValueError(f"scale is {self.scale!r}; choose one of {SCALES}, a whole number")
        if not isinstance(self.bam, bool):
            raise ValueError(f"bam is {self.bam!r}; give True or False")
        if not _is_whole(self.channels) or self.channels < 1:
            raise ValueError(f"channels is {self.channels!r}; give a whole number of at least 1")
        groups = tuple(self.groups) if isinstance(self.groups, Iterable) else ()
        if not groups or not all(_is_whole(blocks) and blocks >= 1 for blocks in groups):
            raise ValueError(
                f"groups is {self.groups!r}; give the number of dense blocks of each group, as in (3, 3)"
            )
        if not _is_whole(self.border) or self.border < 0:
            raise ValueError(f"border is {self.border!r}; give a whole number of at least 0")
        object.__setattr__(self, "groups", groups)


def is_scale(value: object) -> bool:
    """Return whether it is the whole number 2, 3 or 4. 2.0 would fail later, where nothing says why."""
    return _is_whole(value) and value in SCALES


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
