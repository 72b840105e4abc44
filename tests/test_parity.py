import pytest
import torch
from parity import CONFIGS, PARAMETERS, SEEDS, drawn_weights, fixture, listed_shapes

from drln import DrlnModel
from drln.layout import infer_config, published_names, published_shapes


@pytest.mark.parametrize("network", CONFIGS)
def test_the_network_gives_the_output_of_the_reference_implementation(network):
    config, (image, expected) = CONFIGS[network], fixture(network)
    weights = drawn_weights(listed_shapes(network), SEEDS[network])
    with torch.device("meta"):
        model = DrlnModel(config).eval()
    model.load_state_dict({ours: weights[key] for ours, key in published_names(config).items()}, assign=True)

    with torch.no_grad():
        whole = model.forward_whole(image)
    in_strips = model(image)

    torch.testing.assert_close(whole, expected, rtol=0, atol=1e-5)
    torch.testing.assert_close(in_strips, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("network", CONFIGS)
def test_parameters_are_as_many_as_published(network):
    with torch.device("meta"):
        model = DrlnModel(CONFIGS[network])

    assert sum(weights.numel() for weights in model.parameters()) == PARAMETERS[network]    # mean shift included


@pytest.mark.parametrize("network", CONFIGS)
def test_keys_and_shapes_are_those_of_the_published_files(network):
    listed = listed_shapes(network)

    assert published_shapes(CONFIGS[network]) == listed
    assert infer_config(listed) == CONFIGS[network]
