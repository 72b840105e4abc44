import pytest
import torch
from parity import CONFIGS, PARAMETERS, SEEDS, drawn_weights, fixture, listed_shapes

from drln import DrlnModel
from drln.weights.published_names import infer_config, published_names, published_shapes


@pytest.fixture(scope="module", params=CONFIGS)
def network(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def model(network) -> DrlnModel:
    """With the weights that the reference implementation had."""
    weights = drawn_weights(listed_shapes(network), SEEDS[network])
    model = DrlnModel(CONFIGS[network]).eval()
    model.load_state_dict({ours: weights[key] for ours, key in published_names(CONFIGS[network]).items()})
    return model


def test_the_plain_pass_gives_the_output_of_the_reference_implementation(model, network):
    image, expected = fixture(network)

    with torch.no_grad():
        sr = model.forward_whole(image)

    torch.testing.assert_close(sr, expected, rtol=0, atol=1e-5)


def test_the_model_as_it_is_called_gives_the_output_of_the_reference_implementation(model, network):
    image, expected = fixture(network)

    sr = model(image)

    torch.testing.assert_close(sr, expected, rtol=0, atol=1e-5)


def test_parameters_are_as_many_as_published(model, network):
    assert sum(weights.numel() for weights in model.parameters()) == PARAMETERS[network]    # mean shift included


def test_keys_and_shapes_are_those_of_the_published_files(network):
    listed = listed_shapes(network)

    assert published_shapes(CONFIGS[network]) == listed
    assert infer_config(listed) == CONFIGS[network]
