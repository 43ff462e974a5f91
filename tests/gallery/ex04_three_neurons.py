"""A network of three neurons: its potential landscape and trajectories over it.

The weight exp(-E/T) is the steady state of Langevin dynamics on the potential, and not of the
dynamics itself, which is no gradient.
"""

import matplotlib
import numpy as np
import sympy as sp
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.integrate import solve_ivp

from theory import Dynamics, QuasiPotential
from theory.codegen.kernels import dynamics_kernels

x = sp.symbols("x1:4", real=True)
J = sp.Matrix([[0, 3, -1], [-1, 0, 3], [3, -1, 0]])
current = J * sp.Matrix([sp.tanh(symbol) for symbol in x])
system = Dynamics(x, [-x[i] + current[i] for i in range(3)])
potential = QuasiPotential(system)

assert not potential.drift_is_gradient()
assert sp.simplify(potential.fokker_planck_residual(potential.langevin_drift)) == 0

kernels = dynamics_kernels(potential)
line = np.linspace(-2.4, 2.4, 161)
one, two = (part.ravel() for part in np.meshgrid(line, line))
plane = np.stack([one, two, (one + two) / 2])  # this plane holds the fixed points
height = kernels.energy(plane).reshape(line.size, line.size)

figure = Figure(figsize=(5.2, 4.4), layout="constrained")
FigureCanvasAgg(figure)
axes = figure.subplots()
shade = axes.contourf(line, line, np.log10(height + 1e-3), 24, cmap="viridis")
figure.colorbar(shade, label=r"$\log_{10} E(x_1, x_2, (x_1 + x_2)/2)$")
for start in ([1.8, -0.6, 0.6], [-1.5, 1.2, -0.15], [0.3, -1.8, -0.75]):
    path = solve_ivp(lambda _, y: kernels.drift(y[:, None])[:, 0], (0, 30), start, max_step=0.05)
    axes.plot(path.y[0], path.y[1], color="white", linewidth=1)
    axes.plot(*start[:2], "o", color="white", markersize=4)
axes.set(xlim=(-2.4, 2.4), ylim=(-2.4, 2.4), xlabel="$x_1$", ylabel="$x_2$")
axes.set_title("three neurons: trajectories over the potential", fontsize=10)
figure.savefig("three_neurons.png", dpi=150)
print("matplotlib", matplotlib.__version__, "wrote three_neurons.png")
