"""Muon, against singular values and plain Adam."""

import pytest
import torch
from torch import nn

from drln.training.muon import Muon, orthogonal


@pytest.mark.parametrize(("rows", "columns"), [(16, 144), (64, 16), (32, 32)])
def test_matrices_become_about_orthogonal_with_their_singular_vectors(rows, columns):
    matrices = torch.randn(3, rows, columns, generator=torch.Generator().manual_seed(0))

    found = orthogonal(matrices)

    for matrix, ours in zip(matrices.double(), found.double()):
        u, _, v = torch.linalg.svd(matrix, full_matrices=False)
        inner = u.T @ ours @ v.T    # diagonal, for the vectors are the same
        assert 0.4 < inner.diagonal().min() and inner.diagonal().max() < 1.35
        assert (inner - inner.diagonal().diag()).abs().max() < 1e-3


def test_a_matrix_is_the_same_among_others():
    matrices = torch.randn(4, 16, 40, generator=torch.Generator().manual_seed(1))

    torch.testing.assert_close(orthogonal(matrices)[2:3], orthogonal(matrices[2:3]), rtol=0, atol=1e-5)


def test_what_is_no_large_convolution_goes_as_with_adam_and_the_rest_by_steps_of_one_length():
    def network() -> nn.Module:
        torch.manual_seed(2)
        return nn.Sequential(nn.Conv2d(3, 16, 3), nn.Conv2d(16, 16, 3), nn.Conv2d(16, 3, 3))

    ours, adams = network(), network()
    before = ours[1].weight.detach().clone()
    for model, kind in ((ours, Muon), (adams, torch.optim.Adam)):
        model(torch.rand(1, 3, 9, 9, generator=torch.Generator().manual_seed(3))).square().sum().backward()
        kind(model.parameters(), lr=0.01).step()

    for number, name in ((0, "weight"), (0, "bias"), (1, "bias"), (2, "weight"), (2, "bias")):
        assert torch.equal(getattr(ours[number], name), getattr(adams[number], name))
    change = (ours[1].weight.detach() - before).flatten(1)
    lengths = torch.linalg.svdvals(change) / (0.01 * 0.2 * (9 * 16) ** 0.5)
    assert lengths.max() < 1.35 and not torch.equal(ours[1].weight, adams[1].weight)


def test_momentum_carries_over_a_checkpoint():
    def trained(save_after: int | None) -> torch.Tensor:
        torch.manual_seed(3)
        conv = nn.Conv2d(8, 8, 3)
        optimizer = Muon(conv.parameters(), lr=0.01)
        generator = torch.Generator().manual_seed(4)
        for step in range(4):
            if step == save_after:
                state = optimizer.state_dict()
                optimizer = Muon(conv.parameters(), lr=0.01)
                optimizer.load_state_dict(state)
            conv(torch.rand(2, 8, 9, 9, generator=generator)).square().mean().backward()
            optimizer.step()
            optimizer.zero_grad()
        return conv.weight.detach()

    assert torch.equal(trained(None), trained(2))
