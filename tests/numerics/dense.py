"""The replica-symmetric equations of THEORY's section 2 by dense NumPy rules: a second method.

Nothing here comes from the package: the equations are those for unit gain, as they stand in the
literature, and the rules know nothing of the weights that they integrate.
"""

import numpy as np


def composite(edges, order=24):
    """Gauss-Legendre nodes and weights between edges."""
    node, weight = np.polynomial.legendre.leggauss(order)
    edges = np.unique(edges)
    half, middle = np.diff(edges) / 2, (edges[1:] + edges[:-1]) / 2
    return (middle[:, None] + half[:, None] * node).ravel(), (half[:, None] * weight).ravel()


def averages(point, local, transfer, x, weight, *, mean=0.0, field_std=0.0, nodes=(161, 61)):
    """The right-hand sides of the saddle-point equations at a solved point, by name."""
    v = {name: float(point[name]) for name in ("q", "Q", "rho", "P", "q_hat", "Q_hat", "m")}
    g, gamma, T = (float(point[name]) for name in ("g", "gamma", "temperature"))
    covariance = np.array(
        [
            [g**2 * v["Q"] + field_std**2, g**2 * gamma * v["P"]],
            [g**2 * gamma * v["P"], v["Q_hat"]],
        ]
    )
    size, axes = np.linalg.eigh(covariance)
    root = axes * np.sqrt(np.maximum(size, 0))
    # the larger eigenvalue is the last
    count = [n if s > 0 else 1 for n, s in zip(nodes[::-1], size, strict=True)]
    z = np.stack(np.meshgrid(*(np.linspace(-8, 8, n) if n > 1 else np.zeros(1) for n in count)))
    z = z.reshape(2, -1)
    chance = np.exp(-(z**2).sum(axis=0) / 2)
    chance /= chance.sum()
    s = T + g**2 * (v["q"] - v["Q"])
    a, c = local(x), transfer(x)
    still = a + mean * v["m"] + g**2 * gamma * (v["rho"] - v["P"]) * c
    total = dict.fromkeys(("q", "Q", "rho", "P", "q_hat", "Q_hat", "m"), 0.0)
    for (zeta, w), share in zip((root @ z).T, chance, strict=True):
        f = still + zeta
        height = -(f**2) / (2 * s) + (v["q_hat"] - v["Q_hat"] / 2) * c**2
        height += (w + float(point["m_hat"])) * c
        p = weight * np.exp(height - height.max())
        p /= p.sum()
        c_mean, u_mean = p @ c, -(p @ f) / s
        total["q"] += share * (p @ c**2)
        total["Q"] += share * c_mean**2
        total["rho"] -= share * (p @ (f * c)) / s
        total["P"] += share * u_mean * c_mean
        total["m"] += share * c_mean
        total["q_hat"] += share * g**2 / 2 * (p @ (f**2 - s)) / s**2
        total["Q_hat"] += share * g**2 * u_mean**2
    return total
