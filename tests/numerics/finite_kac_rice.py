"""The mean number of fixed points of small networks: by search, and by the Kac-Rice integral.

For a = -x, b = 1, c = tanh without mean and fields. Nothing here knows of order parameters.
"""

import numpy as np
from scipy.special import gammaln, logsumexp


def count_fixed_points(couplings, starts, generator):
    """Count the zeros of -x + J tanh(x) that Newton's method finds, and sum their degrees."""
    size = len(couplings)
    x = generator.standard_normal((starts, size)) * generator.choice([0.3, 1, 2.5], (starts, 1))
    signs = np.sign(generator.standard_normal((starts, size)))
    x[::2] = (signs * generator.uniform(0.2, 1, (starts, size)) @ couplings.T)[::2]
    identity = np.eye(size)
    for _ in range(40):
        c = np.tanh(x)
        jacobian = -identity + couplings * (1 - c**2)[:, None, :]
        step = np.linalg.solve(jacobian, (x - c @ couplings.T)[..., None])[..., 0]
        x = x + step / np.maximum(1, np.abs(step).max(axis=1, keepdims=True) / 2)
    x = x[np.abs(x - np.tanh(x) @ couplings.T).max(axis=1) < 1e-10]
    found = np.zeros((1, size))
    for point in np.concatenate([x, -x]):
        if np.abs(found - point).max(axis=1).min() > 1e-5:
            found = np.concatenate([found, point[None]])
    slopes = 1 - np.tanh(found) ** 2
    degrees = np.sign(np.linalg.det(identity - couplings * slopes[:, None, :]))
    return len(found), degrees.sum()


def kac_rice(size, g, gamma, samples, generator, grid, density):
    """Logarithm of the mean number of fixed points other than 0, and its relative error.

    The integral over x is done by importance sampling from independent states of a given density,
    which changes the error but not the mean, and from half-normal radii. Given J c = x, the
    couplings are a draw plus a correction of rank two.
    """
    logs = []
    for _ in range(max(1, samples // 2000)):
        x, log_chance = _propose(size, min(samples, 2000), generator, grid, density)
        c = np.tanh(x)
        square = np.sum(c**2, axis=1)
        variance = (g**2 * square / size)[:, None]

        def solve(y, c=c, square=square, variance=variance):
            share = gamma / (1 + gamma) * np.sum(y * c, axis=1) / square
            return (y - c * share[:, None]) / variance

        exponent = -np.sum(x * solve(x), axis=1) / 2
        exponent -= (size * np.log(2 * np.pi * variance[:, 0]) + np.log1p(gamma)) / 2
        noise = generator.standard_normal((len(x), size, size))
        alike, other = np.sqrt((1 + gamma) / 4), np.sqrt((1 - gamma) / 4)
        couplings = (alike + other) * noise + (alike - other) * noise.transpose(0, 2, 1)
        couplings *= g / np.sqrt(size)
        shift = solve(x - np.einsum("nij,nj->ni", couplings, c)) * g**2 / size
        couplings += shift[:, :, None] * c[:, None] + gamma * c[:, :, None] * shift[:, None]
        _, determinant = np.linalg.slogdet(np.eye(size) - couplings * (1 - c**2)[:, None])
        logs.append(exponent + determinant - log_chance)
    logs = np.concatenate(logs)
    weights = np.exp(logs - logs.max())
    error = weights.std() / weights.mean() / np.sqrt(len(logs))
    return logsumexp(logs) - np.log(len(logs)), error


def _propose(size, count, generator, grid, density):
    """States, half of them independent, and the logarithm of their probability density."""
    density = density / np.trapezoid(density, grid)
    steps = np.diff(grid) * (density[1:] + density[:-1]) / 2
    chance = np.concatenate([[0], np.cumsum(steps)])
    x = np.interp(generator.uniform(0, chance[-1], (count, size)), chance, grid)
    radius = 1.5 * np.sqrt(size * np.trapezoid(density * grid**2, grid))
    wide = generator.standard_normal((count, size))
    wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    x[::2] = (wide * radius * np.abs(generator.standard_normal((count, 1))))[::2]
    length = np.linalg.norm(x, axis=1)
    surface = np.log(2) + size / 2 * np.log(np.pi) - gammaln(size / 2)
    broad = np.log(2 / np.sqrt(2 * np.pi) / radius) - length**2 / (2 * radius**2)
    broad -= surface + (size - 1) * np.log(length)
    narrow = np.log(np.maximum(np.interp(x, grid, density, 0, 0), 1e-300)).sum(axis=1)
    return x, np.logaddexp(narrow, broad) - np.log(2)
