"""The layout of published weights: the keys and shapes in a file, the files in a folder.

Reads no file and builds no network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from drln.network.config import ATTENTION_REDUCTION, STAGES, DrlnConfig

Shape = tuple[int, ...]
CONFIG_FILE, MODEL_CARD_FILE = "config.json", "README.md"
BORDER = "border"    # key of a whole number in a file of ours; published networks have no border
EARLIER_BEST = "best"    # where earlier versions kept the weights of a training run, below its folder


def weights_files(scale: int) -> tuple[str, str]:
    """The file names of one scale's weights in a folder or hub repository: ours, and the published one."""
    return f"model_{scale}x.safetensors", f"pytorch_model_{scale}x.pt"


def published_names(config: DrlnConfig) -> dict[str, str]:
    """{name in `DrlnModel.state_dict()`: key in a published file} of every parameter of a network.

    Both end in `.weight` or `.bias`.
    """
    return {f"{ours}.{leaf}": f"{theirs}.{leaf}" for ours, theirs, shapes in _layers(config) for leaf in shapes}


def published_shapes(config: DrlnConfig) -> dict[str, Shape]:
    """{key: shape} of every tensor in a published file for that config."""
    return {f"{theirs}.{leaf}": shape for _, theirs, shapes in _layers(config) for leaf, shape in shapes.items()}


def config_facts(config: DrlnConfig) -> dict[str, Any]:
    """The contents of our `config.json`: all but the scale, because the files of three scales share it."""
    return {
        "model_type": "DRLN",
        "bam": config.bam,
        "channels": config.channels,
        "groups": list(config.groups),
        "border": config.border,
    }


def published_config(config: DrlnConfig) -> dict[str, Any]:
    """The contents of a published `config.json`, which leaves out width and groups: they are the paper's."""
    return {"bam": config.bam, "data_parallel": False, "model_type": "DRLN"}


def infer_config(shapes: Mapping[str, Shape]) -> DrlnConfig:
    """The config, without a border, of the network that the keys and shapes in a file most likely belong to.

    Compare them with `published_shapes` afterwards to find faults.

    Raises:
        ValueError: if they belong to no DRLN network.
    """
    convs = {key.removesuffix(".weight"): shape for key, shape in shapes.items() if len(shape) == 4 and min(shape) > 0}
    fusions = {n: convs[f"c{n}.body.0"] for n in range(1, len(shapes)) if f"c{n}.body.0" in convs}
    blocks = [n for n in range(1, len(shapes)) if f"b{n}.g.body.0" in convs]
    if not fusions or "head" not in convs or "upsample.up.body.0" not in convs:
        raise ValueError("head.weight, c1.body.0.weight or upsample.up.body.0.weight is missing or misshapen")
    channels = convs["head"][0]
    widths = {n: shape[1] // channels for n, shape in fusions.items()}
    groups: list[int] = []
    for n in range(1, max([*widths, *blocks]) + 1):
        # A fusion of two maps is the first in a group. If it is missing, the next one shows where the group starts.
        if n == 1 or widths.get(n, widths.get(n + 1, 0) - 1) == 2:
            groups.append(0)
        groups[-1] += 1
    first = convs["upsample.up.body.0"]
    stages = sum(f"upsample.up.body.{3 * stage}" in convs for stage in range(len(shapes)))
    fitting = {scale: factors[0] for scale, factors in STAGES.items() if len(factors) == stages}
    if len(fitting) > 1:    # a single one is compared later
        fitting = {scale: factor for scale, factor in fitting.items() if factor**2 == first[0] // channels}
    if not fitting:
        raise ValueError(f"upsample.up.body.0.weight {first} fits no scale of {', '.join(map(str, STAGES))}")
    [scale] = fitting
    return DrlnConfig(scale, bam=any(".ca.ca." in key for key in shapes), channels=channels, groups=tuple(groups))


def _layers(config: DrlnConfig) -> Iterator[tuple[str, str, dict[str, Shape]]]:
    """Yield our name, the published name, and the shapes of weight and bias of every layer."""
    c = config.channels
    squeezed = max(1, c // ATTENTION_REDUCTION)

    def conv(outputs: int, inputs: int, size: int = 3) -> dict[str, Shape]:
        return {"weight": (outputs, inputs, size, size), "bias": (outputs,)}

    def no_bias(*shape: int) -> dict[str, Shape]:
        return {"weight": shape}

    yield "sub_mean", "sub_mean.shifter", conv(3, 3, 1)
    yield "add_mean", "add_mean.shifter", conv(3, 3, 1)
    yield "head", "head", conv(c, 3)
    number = 0    # dense blocks are counted from 1 through all groups
    for g, blocks in enumerate(config.groups):
        for i in range(blocks):
            number += 1
            ours, theirs = f"groups.{g}.blocks.{i}", f"b{number}"
            for u, width in enumerate((c, 2 * c, 4 * c)):
                yield f"{ours}.units.{u}.conv1", f"{theirs}.r{u + 1}.body.0", conv(width, width)
                yield f"{ours}.units.{u}.conv2", f"{theirs}.r{u + 1}.body.2", conv(width, width)
            yield f"{ours}.squeeze", f"{theirs}.g.body.0", conv(c, 8 * c, 1)
            if config.bam:
                yield f"{ours}.attention.reduce", f"{theirs}.ca.ca.fc1", no_bias(squeezed, c, 1, 1)
                yield f"{ours}.attention.prelu", f"{theirs}.ca.ca.relu1", no_bias(squeezed)
                yield f"{ours}.attention.expand", f"{theirs}.ca.ca.fc2", no_bias(c, squeezed, 1, 1)
                yield f"{ours}.attention.spatial", f"{theirs}.ca.sa.conv1", no_bias(1, 1, 7, 7)
            else:
                for level in range(3):
                    yield f"{ours}.attention.pyramid.{level}", f"{theirs}.ca.c{level + 1}.body.0", conv(squeezed, c)
                yield f"{ours}.attention.merge", f"{theirs}.ca.c4.body.0", conv(c, 3 * squeezed)
            yield f"groups.{g}.fusions.{i}", f"c{number}.body.0", conv(c, (i + 2) * c)
    for stage, factor in enumerate(STAGES[config.scale]):    # a stage is a convolution, a ReLU and a shuffle
        yield f"upsampler.convs.{stage}", f"upsample.up.body.{3 * stage}", conv(factor**2 * c, c)
    yield "tail", "tail", conv(3, c)
