import pytest
import torch

from drln import DrlnConfig, DrlnModel
from drln.plots.diagram import draw_network, parameters

PUBLISHED = {2: 34_163_455, 3: 34_348_095, 4: 34_311_167}    # of the files, the frozen mean shift included


def words(figure, place):
    return [text.get_text() for text in figure.axes[place].texts if text.get_text()]


def shape(**facts):
    with torch.device("meta"):
        return DrlnModel(DrlnConfig(**{"scale": 4, "bam": True, **facts}))


@pytest.mark.parametrize("scale", PUBLISHED)
def test_the_published_shapes_have_their_published_counts(scale):
    assert parameters(shape(scale=scale)) == PUBLISHED[scale]


def test_the_counts_beneath_the_boxes_add_up_to_the_network():
    model = shape(channels=16, groups=(2, 3, 1))

    counts = [int(text.replace(",", "")) for text in words(draw_network(model), 0) if text.replace(",", "").isdigit()]

    assert sum(counts) == sum(weights.numel() for weights in model.parameters())


def test_every_group_block_and_unit_has_a_box():
    figure = draw_network(shape(channels=8, groups=(2, 5)), group=1)

    network, group, block = (" ".join(words(figure, place)) for place in range(3))
    assert network.count("groups[") == 2 and "5 blocks" in network
    assert group.count("blocks[") == group.count("fusions[") == 5
    assert block.count("units[") == 3 and "squeeze" in block


def test_the_fusion_that_nobody_reads_is_marked_where_there_is_one():
    model = shape(channels=8, groups=(3, 3))

    first, second = (" ".join(words(draw_network(model, group), 1)) for group in (0, 1))

    assert "never read" in second and "reads the group's input" in second
    assert "never read" not in first and "reads the group's input" not in first


@pytest.mark.parametrize("bam, name", [(True, "BalancedAttention"), (False, "LaplacianAttention")])
def test_the_attention_is_named(bam, name):
    assert name in " ".join(words(draw_network(shape(bam=bam, channels=8, groups=(1,))), 2))


def test_the_scale_is_that_of_the_network():
    assert any("3x" in text for text in words(draw_network(shape(scale=3, channels=8, groups=(1,))), 0))


def test_a_group_that_is_not_there_is_an_error():
    with pytest.raises(IndexError):
        draw_network(shape(channels=8, groups=(1, 1)), group=2)
