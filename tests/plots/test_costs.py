import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from drln import DrlnConfig, DrlnModel
from drln.network import conv_cost, network_cost
from drln.plots import kind_shares, layer_costs, plot_costs


@pytest.fixture(params=[2, 3, 4])
def model(request):
    return DrlnModel(DrlnConfig(request.param, bam=True, channels=8, groups=(1, 2)))


def test_the_layers_are_those_that_a_plain_pass_runs(model):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.forward_whole(torch.rand(1, 3, 8, 8))

    counted = counter.get_total_flops() / 2 / 64    # a multiplication and an addition; pixels
    total = sum(cost for _, cost in layer_costs(model))
    assert total == network_cost(model) - conv_cost(model.head)    # strips run the head twice
    assert 0.9 < total / counted < 1    # gates and mean shifts are not counted


def test_the_fusion_that_nobody_reads_is_no_layer(model):
    kinds = [kind for kind, _ in layer_costs(model)]

    assert kinds.count("squeeze") == 3 and kinds.count("fusion") == 2
    assert kinds[0] == "head" and kinds[-1] == "tail"


def test_the_shares_add_up_and_the_third_unit_has_the_largest(model):
    shares = kind_shares(model)

    assert sum(shares.values()) == pytest.approx(1)
    assert shares["units[2]"] == pytest.approx(16 * shares["units[0]"])
    assert max(shares, key=shares.get) == "units[2]"


def test_a_bar_for_each_layer_and_each_kind(model):
    layers, shares = plot_costs(model, "a caption").axes

    assert [bar.get_height() * 1e3 for bar in layers.containers[0]] == pytest.approx(
        [cost for _, cost in layer_costs(model)]
    )
    assert [tick.get_text() for tick in shares.get_yticklabels()] == list(kind_shares(model))
