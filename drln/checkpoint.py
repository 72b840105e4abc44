"""Files to tensors and back, under the key names of the published weights.

Builds no network and asks no hub.
"""

from __future__ import annotations

from drln.config import DrlnConfig


def published_names(config: DrlnConfig) -> dict[str, str]:
    """The key in a published file of every parameter of the `DrlnModel` of that config.

    Returns:
        {name in `DrlnModel.state_dict()`: key in the file}, without the `.weight` and `.bias`
        that end both.
    """
    names = {"sub_mean": "sub_mean.shifter", "add_mean": "add_mean.shifter", "head": "head", "tail": "tail"}
    number = 0    # of the dense block, counted from 1 through all groups
    for g, blocks in enumerate(config.groups):
        for i in range(blocks):
            number += 1
            ours, theirs = f"groups.{g}.blocks.{i}", f"b{number}"
            for u in range(3):
                names[f"{ours}.units.{u}.conv1"] = f"{theirs}.r{u + 1}.body.0"
                names[f"{ours}.units.{u}.conv2"] = f"{theirs}.r{u + 1}.body.2"
            names[f"{ours}.squeeze"] = f"{theirs}.g.body.0"
            if config.bam:
                names[f"{ours}.attention.reduce"] = f"{theirs}.ca.ca.fc1"
                names[f"{ours}.attention.prelu"] = f"{theirs}.ca.ca.relu1"
                names[f"{ours}.attention.expand"] = f"{theirs}.ca.ca.fc2"
                names[f"{ours}.attention.spatial"] = f"{theirs}.ca.sa.conv1"
            else:
                for level in range(3):
                    names[f"{ours}.attention.pyramid.{level}"] = f"{theirs}.ca.c{level + 1}.body.0"
                names[f"{ours}.attention.merge"] = f"{theirs}.ca.c4.body.0"
            names[f"groups.{g}.fusions.{i}"] = f"c{number}.body.0"
    for stage in range(2 if config.scale == 4 else 1):
        names[f"upsampler.convs.{stage}"] = f"upsample.up.body.{3 * stage}"    # convolution, ReLU, shuffle
    return names
