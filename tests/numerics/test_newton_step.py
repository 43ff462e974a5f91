"""Newton's correction against LAPACK, and where there is none."""

import numpy as np
import pytest

from numerics.newton_step import newton_step


@pytest.mark.parametrize("size", [1, 3, 8])
def test_solves_the_linear_system_at_every_scale(size):
    generator = np.random.default_rng(size)
    scales = np.exp(generator.normal(scale=8, size=(50, size)))
    scaled, right = generator.normal(size=(50, size, size)), generator.normal(size=(50, size))
    jacobian = scaled * scales[:, :, None] / scales[:, None, :]
    step = newton_step(jacobian, right * scales, scales)
    expected = -np.linalg.solve(scaled, right[..., None])[..., 0]
    assert step / scales == pytest.approx(expected, rel=1e-9)


def test_singular_and_undefined_points_have_no_step():
    jacobian = np.array([[[1.0, 2.0], [2.0, 4.0]], [[1.0, np.nan], [0.0, 1.0]], np.eye(2)])
    residual = np.array([[1.0, 1.0], [1.0, 1.0], [np.inf, 1.0]])
    assert np.isnan(newton_step(jacobian, residual, np.ones((3, 2)))).all()


def test_a_scale_that_is_not_finite_counts_as_one():
    step = newton_step(np.eye(2)[None], np.ones((1, 2)), np.array([[np.inf, 2.0]]))
    assert step.tolist() == [[-1.0, -1.0]]
