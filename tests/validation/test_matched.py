"""Random numbers with exact sample covariances are still normal."""

from __future__ import annotations

import numpy as np

from validation.matched import enough, matched_normals


def test_matched_numbers_are_normal():
    """However few samples there are, the moments of a number are those of a normal one."""
    rows, samples = 40, 60
    assert samples >= enough(rows + 1)
    sums = np.zeros(2)
    for seed in range(200):
        numbers, matched = matched_normals(
            rows, samples, np.zeros((0, samples)), np.random.default_rng(seed)
        )
        assert matched
        sums += (numbers**4).mean(), (numbers[0] ** 2 * numbers[1] ** 2).mean()
    np.testing.assert_allclose(sums / 200, [3 - 6 / samples, 1 - 2 / samples], atol=0.03)
