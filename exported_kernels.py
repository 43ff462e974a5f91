"""Quasi-potential of a network of any size.

    E = Sum(((tanh(x[i])/2 + 1)*Sum(tanh(x[j])*J[i, j], (j, 1, N)) + h[i] - x[i])**2, (i, 1, N))/2

States ``x`` and directions ``v`` have shape (N, S), one state a column; couplings ``J``
have shape (N, N) and constant fields ``h`` shape (N,). Energies have shape (S,).
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy")
def _stage0(f0, p0, x, h):
    size, states = f0.shape
    drift = np.empty((size, states))
    for i in range(size):
        h_i = h[i]
        for s in range(states):
            f0_i = f0[i, s]
            p0_i = p0[i, s]
            x_i = x[i, s]
            drift_i = h_i + p0_i*(0.5*f0_i + 1) - x_i
            drift[i, s] = drift_i
    return drift


@njit(cache=True, error_model="numpy")
def _stage1(f0, p0, x, h):
    size, states = f0.shape
    energy = np.zeros(states)
    for i in range(size):
        h_i = h[i]
        for s in range(states):
            f0_i = f0[i, s]
            p0_i = p0[i, s]
            x_i = x[i, s]
            energy_i = 0.5*(h_i + p0_i*(0.5*f0_i + 1) - x_i)**2
            energy[s] += energy_i
    return energy


@njit(cache=True, error_model="numpy")
def _stage2(f0, p0, x, h):
    size, states = f0.shape
    u0 = np.empty((size, states))
    for i in range(size):
        h_i = h[i]
        for s in range(states):
            f0_i = f0[i, s]
            p0_i = p0[i, s]
            x_i = x[i, s]
            u0_i = (0.5*f0_i + 1)*(h_i + 0.5*p0_i*(f0_i + 2) - x_i)
            u0[i, s] = u0_i
    return u0


@njit(cache=True, error_model="numpy")
def _stage3(f0, p0, p1, x, h):
    size, states = f0.shape
    gradient = np.empty((size, states))
    for i in range(size):
        h_i = h[i]
        for s in range(states):
            f0_i = f0[i, s]
            p0_i = p0[i, s]
            p1_i = p1[i, s]
            x_i = x[i, s]
            t0 = 1 - f0_i**2
            gradient_i = p1_i*t0 + 0.25*(p0_i*t0 - 2)*(2*h_i + p0_i*(f0_i + 2) - 2*x_i)
            gradient[i, s] = gradient_i
    return gradient


@njit(cache=True, error_model="numpy")
def _stage4(f0, p0, x, h):
    size, states = f0.shape
    u0 = np.empty((size, states))
    energy = np.zeros(states)
    for i in range(size):
        h_i = h[i]
        for s in range(states):
            f0_i = f0[i, s]
            p0_i = p0[i, s]
            x_i = x[i, s]
            t0 = 0.5*f0_i + 1
            t1 = h_i - x_i
            u0_i = t0*(0.5*p0_i*(f0_i + 2) + t1)
            energy_i = 0.5*(p0_i*t0 + t1)**2
            u0[i, s] = u0_i
            energy[s] += energy_i
    return u0, energy


@njit(cache=True, error_model="numpy")
def _stage5(f0, v):
    size, states = f0.shape
    u0 = np.empty((size, states))
    for i in range(size):
        for s in range(states):
            f0_i = f0[i, s]
            v_i = v[i, s]
            u0_i = v_i*(1 - f0_i**2)
            u0[i, s] = u0_i
    return u0


@njit(cache=True, error_model="numpy")
def _stage6(f0, p0, p1, v, x, h):
    size, states = f0.shape
    u1 = np.empty((size, states))
    u2 = np.empty((size, states))
    for i in range(size):
        h_i = h[i]
        for s in range(states):
            f0_i = f0[i, s]
            p0_i = p0[i, s]
            p1_i = p1[i, s]
            v_i = v[i, s]
            x_i = x[i, s]
            t0 = 0.5*f0_i + 1
            t1 = h_i + p1_i*t0 - x_i
            t2 = 0.5*v_i*(1 - f0_i**2)
            t3 = 0.5*f0_i + 1
            u1_i = t1*t2 + t3*(p0_i*t0 + p1_i*t2 - v_i)
            u2_i = t1*t3
            u1[i, s] = u1_i
            u2[i, s] = u2_i
    return u1, u2


@njit(cache=True, error_model="numpy")
def _stage7(f0, p0, p1, p2, p3, v, x, h):
    size, states = f0.shape
    hessian_vector = np.empty((size, states))
    for i in range(size):
        h_i = h[i]
        for s in range(states):
            f0_i = f0[i, s]
            p0_i = p0[i, s]
            p1_i = p1[i, s]
            p2_i = p2[i, s]
            p3_i = p3[i, s]
            v_i = v[i, s]
            x_i = x[i, s]
            t0 = 1 - f0_i**2
            t1 = 2*v_i
            t2 = f0_i*t1
            t3 = p1_i*t0
            t4 = f0_i + 2
            hessian_vector_i = p2_i*t0 - p3_i*t0*t2 + 0.25*(t3 - 2)*(p0_i*t4 - t1 + t3*v_i) + 0.25*(p0_i*t0 - t2*t3)*(2*h_i + p1_i*t4 - 2*x_i)
            hessian_vector[i, s] = hessian_vector_i
    return hessian_vector


def drift(x, J, h):
    f0 = np.tanh(x)
    p0 = J @ f0
    drift = _stage0(f0, p0, x, h)
    return drift


def energy(x, J, h):
    f0 = np.tanh(x)
    p0 = J @ f0
    energy = _stage1(f0, p0, x, h)
    return energy


def gradient(x, J, h):
    f0 = np.tanh(x)
    p0 = J @ f0
    u0 = _stage2(f0, p0, x, h)
    p1 = J.T @ u0
    gradient = _stage3(f0, p0, p1, x, h)
    return gradient


def energy_and_gradient(x, J, h):
    f0 = np.tanh(x)
    p0 = J @ f0
    u0, energy = _stage4(f0, p0, x, h)
    p1 = J.T @ u0
    gradient = _stage3(f0, p0, p1, x, h)
    return energy, gradient


def hessian_vector(x, v, J, h):
    f0 = np.tanh(x)
    u0 = _stage5(f0, v)
    p0 = J @ u0
    p1 = J @ f0
    u1, u2 = _stage6(f0, p0, p1, v, x, h)
    p2 = J.T @ u1
    p3 = J.T @ u2
    hessian_vector = _stage7(f0, p0, p1, p2, p3, v, x, h)
    return hessian_vector



ORDER_PARAMETERS = ['q', 'Q', 'rho', 'P', 'q_hat', 'Q_hat']
OBSERVABLES = ['energy', 'x_squared', 'm']
PARAMETERS = ['g', 'gamma', 'T', 'mu', 'sigma_h', 'eta']
FIELDS = ['zeta', 'w', 'h']
KINKS = []
EVEN = False
CORRELATIONS = ['P']
SYMMETRIC = False
LOG_TEMPERATURE = 0.5
DEPTH = 40.0  # exp(-40) of the largest weight is below rounding
_KINKS = np.array(KINKS, dtype=np.float64)


class Rule(NamedTuple):
    """Quadrature: panels of Gauss-Legendre nodes in x, a trapezoidal rule in the fields.

    lower, upper : arrays (points,), the range of x; panels : integers (points,);
    step : array (points,), distance of field nodes in standard deviations;
    reach : float, where the fields are cut off; node, weight : the Gauss-Legendre rule.
    """

    lower: np.ndarray
    upper: np.ndarray
    panels: np.ndarray
    step: np.ndarray
    reach: float
    node: np.ndarray
    weight: np.ndarray


@njit(cache=True, nogil=True)
def site_nodes(lower, upper, panels, node, weight):
    """Nodes and weights in x: equal panels, with breaks where the model is not smooth."""
    edges = np.empty(panels + 1 + len(_KINKS))
    for k in range(panels + 1):
        edges[k] = lower + (upper - lower) * k / panels
    used = panels + 1
    for kink in _KINKS:
        if lower < kink < upper:
            edges[used] = kink
            used += 1
    edges = np.sort(edges[:used])
    order = len(node)
    x = np.empty((used - 1) * order)
    w = np.empty((used - 1) * order)
    for k in range(used - 1):
        half = 0.5 * (edges[k + 1] - edges[k])
        middle = 0.5 * (edges[k + 1] + edges[k])
        for m in range(order):
            x[k * order + m] = middle + half * node[m]
            w[k * order + m] = half * weight[m]
    return x, w


@njit(cache=True, nogil=True)
def field_nodes(active, step, reach):
    """Nodes of a trapezoidal rule for standard normal variables, inside a ball."""
    dimension = len(active)
    side = int(reach / step)
    total = 1
    for k in range(dimension):
        if active[k]:
            total *= 2 * side + 1
    z = np.zeros((total, dimension))
    chance = np.empty(total)
    used = 0
    for index in range(total):
        rest = index
        square = 0.0
        for k in range(dimension):
            z[used, k] = 0.0
            if active[k]:
                z[used, k] = (rest % (2 * side + 1) - side) * step
                rest //= 2 * side + 1
                square += z[used, k] ** 2
        if square <= reach * reach:
            chance[used] = math.exp(-0.5 * square)
            used += 1
    chance = chance[:used] / np.sum(chance[:used])
    return z[:used], chance


@njit(cache=True, nogil=True)
def _factor(matrix, scale):
    """Cholesky factor of a covariance, zero along fields that do not fluctuate.

    Returns whether the matrix is positive semidefinite within rounding of its natural scale.
    """
    dimension = len(scale)
    factor = np.zeros((dimension, dimension))
    for k in range(dimension):
        for l in range(k + 1):
            rest = matrix[k, l]
            for m in range(l):
                rest -= factor[k, m] * factor[l, m]
            if k == l:
                if not rest >= -1e-9 * scale[k]:
                    return factor, False
                factor[k, k] = math.sqrt(rest) if rest > 1e-15 * scale[k] else 0.0
            elif factor[l, l] > 0.0:
                factor[k, l] = rest / factor[l, l]
            elif not abs(rest) <= 1e-7 * math.sqrt(scale[k] * scale[l]):
                return factor, False
    return factor, True


@njit(cache=True, nogil=True, error_model="numpy")
def _evaluate(
    theta, parameters, lower, upper, panels, step, reach, node, weight,
    value, residual, jacobian, observables, scales,
):
    for lane in range(len(theta)):
        q = theta[lane, 0]
        Q = theta[lane, 1]
        rho = theta[lane, 2]
        P = theta[lane, 3]
        q_hat = theta[lane, 4]
        Q_hat = theta[lane, 5]
        g = parameters[lane, 0]
        gamma = parameters[lane, 1]
        T = parameters[lane, 2]
        mu = parameters[lane, 3]
        sigma_h = parameters[lane, 4]
        eta = parameters[lane, 5]
        matrix = np.zeros((3, 3))
        scale = np.ones(3)
        matrix[0, 0] = Q*g**2
        matrix[0, 1] = P*g**2*gamma
        matrix[0, 2] = 0.0
        matrix[1, 0] = P*g**2*gamma
        matrix[1, 1] = Q_hat
        matrix[1, 2] = 0.0
        matrix[2, 0] = 0.0
        matrix[2, 1] = 0.0
        matrix[2, 2] = sigma_h**2
        scale[0] = g**2*abs(q)
        scale[1] = 1/abs(q)
        scale[2] = sigma_h**2
        factor, feasible = _factor(matrix, scale)
        value[lane] = math.nan
        residual[lane] = math.nan
        jacobian[lane] = math.nan
        observables[lane] = math.nan
        if not feasible or not math.isfinite(lower[lane] + upper[lane]):
            continue
        scales[lane, 0] = abs(q)
        scales[lane, 1] = abs(q)
        scales[lane, 2] = abs(rho)
        scales[lane, 3] = abs(rho)
        scales[lane, 4] = 1/abs(q)
        scales[lane, 5] = 1/abs(q)
        table_x, table_w = site_nodes(lower[lane], upper[lane], panels[lane], node, weight)
        count = len(table_x)
        table_height = np.empty(count)
        order = len(node)
        middle = np.empty(count // order)
        table_a = np.empty(count)
        table_b = np.empty(count)
        table_c = np.empty(count)
        table_f = np.empty(count)
        table_s = np.empty(count)
        for spot in range(count):
            x = table_x[spot]
            t0 = math.tanh(x)
            table_a[spot] = -x
            table_b[spot] = 0.5*t0 + 1
            table_c[spot] = t0
        active = np.empty(3, dtype=np.bool_)
        for k in range(3):
            active[k] = factor[k, k] > 0.0
        z, chances = field_nodes(active, step[lane], reach)
        total_0 = 0.0
        total_1 = 0.0
        total_2 = 0.0
        total_3 = 0.0
        total_4 = 0.0
        total_5 = 0.0
        total_6 = 0.0
        total_7 = 0.0
        total_8 = 0.0
        total_9 = 0.0
        total_10 = 0.0
        total_11 = 0.0
        total_12 = 0.0
        total_13 = 0.0
        total_14 = 0.0
        total_15 = 0.0
        total_16 = 0.0
        total_17 = 0.0
        total_18 = 0.0
        total_19 = 0.0
        total_20 = 0.0
        total_21 = 0.0
        total_22 = 0.0
        total_23 = 0.0
        total_24 = 0.0
        total_25 = 0.0
        total_26 = 0.0
        total_27 = 0.0
        total_28 = 0.0
        total_29 = 0.0
        total_30 = 0.0
        total_31 = 0.0
        total_32 = 0.0
        total_33 = 0.0
        total_34 = 0.0
        total_35 = 0.0
        total_36 = 0.0
        total_37 = 0.0
        total_38 = 0.0
        total_39 = 0.0
        total_40 = 0.0
        total_41 = 0.0
        total_42 = 0.0
        total_43 = 0.0
        total_44 = 0.0
        total_45 = 0.0
        for place in range(len(z)):
            chance = chances[place]
            field = np.zeros(3)
            for k in range(3):
                for l in range(k + 1):
                    field[k] += factor[k, l] * z[place, l]
            zeta = field[0]
            w = field[1]
            h = field[2]
            # the middle node of every panel tells which panels matter at these fields
            highest = -math.inf
            for panel in range(len(middle)):
                spot = panel * order + order // 2
                x = table_x[spot]
                a = table_a[spot]
                b = table_b[spot]
                c = table_c[spot]
                t0 = g**2
                f = a - b*c*gamma*t0*(P - rho) + b*zeta + h
                s = b**2*t0*(-Q + q) + T
                height = c**2*(-0.5*Q_hat + q_hat) + c*w - 0.5*f**2/s - 0.5*math.log(s)
                middle[panel] = height
                highest = max(highest, height)
            top = -math.inf
            for spot in range(count):
                if middle[spot // order] < highest - 2.0 * DEPTH:
                    continue
                x = table_x[spot]
                a = table_a[spot]
                b = table_b[spot]
                c = table_c[spot]
                t0 = g**2
                f = a - b*c*gamma*t0*(P - rho) + b*zeta + h
                s = b**2*t0*(-Q + q) + T
                height = c**2*(-0.5*Q_hat + q_hat) + c*w - 0.5*f**2/s - 0.5*math.log(s)
                table_f[spot] = f
                table_s[spot] = s
                table_height[spot] = height
                top = max(top, height)
            norm = 0.0
            sum_0 = 0.0
            sum_1 = 0.0
            sum_2 = 0.0
            sum_3 = 0.0
            sum_4 = 0.0
            sum_5 = 0.0
            sum_6 = 0.0
            sum_7 = 0.0
            sum_8 = 0.0
            sum_9 = 0.0
            sum_10 = 0.0
            sum_11 = 0.0
            sum_12 = 0.0
            sum_13 = 0.0
            sum_14 = 0.0
            sum_15 = 0.0
            sum_16 = 0.0
            sum_17 = 0.0
            sum_18 = 0.0
            sum_19 = 0.0
            sum_20 = 0.0
            sum_21 = 0.0
            sum_22 = 0.0
            sum_23 = 0.0
            for spot in range(count):
                if middle[spot // order] < highest - 2.0 * DEPTH or table_height[spot] < top - DEPTH:
                    continue
                x = table_x[spot]
                a = table_a[spot]
                b = table_b[spot]
                c = table_c[spot]
                f = table_f[spot]
                s = table_s[spot]
                share = table_w[spot] * math.exp(table_height[spot] - top)
                norm += share
                t0 = 1/s
                t1 = c**2
                t2 = b**2
                t3 = f**2
                t4 = 1/s**2
                t5 = t3*t4
                t6 = t2*t5
                t7 = t0*t2
                t8 = b**3
                t9 = 1/s**3
                t10 = f**3*t8*t9
                t11 = f*t4*t8
                t12 = b**4
                t13 = b*f*t0
                t14 = c**3
                term_0 = t0
                term_1 = t1*t6
                term_2 = t1*t7
                term_3 = c*t6
                term_4 = c*t7
                term_5 = t6
                term_6 = t7
                term_7 = c*t10
                term_8 = c*t11
                term_9 = t10
                term_10 = t11
                term_11 = t12*t3*t9
                term_12 = f**4*t12/s**4
                term_13 = t12*t4
                term_14 = t1*t13
                term_15 = t13*t14
                term_16 = c*t13
                term_17 = t13
                term_18 = t1
                term_19 = t14
                term_20 = c**4
                term_21 = c
                term_22 = t5
                term_23 = x**2
                sum_0 += share * term_0
                sum_1 += share * term_1
                sum_2 += share * term_2
                sum_3 += share * term_3
                sum_4 += share * term_4
                sum_5 += share * term_5
                sum_6 += share * term_6
                sum_7 += share * term_7
                sum_8 += share * term_8
                sum_9 += share * term_9
                sum_10 += share * term_10
                sum_11 += share * term_11
                sum_12 += share * term_12
                sum_13 += share * term_13
                sum_14 += share * term_14
                sum_15 += share * term_15
                sum_16 += share * term_16
                sum_17 += share * term_17
                sum_18 += share * term_18
                sum_19 += share * term_19
                sum_20 += share * term_20
                sum_21 += share * term_21
                sum_22 += share * term_22
                sum_23 += share * term_23
            average_0 = sum_0 / norm
            average_1 = sum_1 / norm
            average_2 = sum_2 / norm
            average_3 = sum_3 / norm
            average_4 = sum_4 / norm
            average_5 = sum_5 / norm
            average_6 = sum_6 / norm
            average_7 = sum_7 / norm
            average_8 = sum_8 / norm
            average_9 = sum_9 / norm
            average_10 = sum_10 / norm
            average_11 = sum_11 / norm
            average_12 = sum_12 / norm
            average_13 = sum_13 / norm
            average_14 = sum_14 / norm
            average_15 = sum_15 / norm
            average_16 = sum_16 / norm
            average_17 = sum_17 / norm
            average_18 = sum_18 / norm
            average_19 = sum_19 / norm
            average_20 = sum_20 / norm
            average_21 = sum_21 / norm
            average_22 = sum_22 / norm
            average_23 = sum_23 / norm
            log_integral = math.log(norm) + top + (0.0)
            if EVEN:
                log_integral += math.log(2.0)
            t0 = average_21**2
            t1 = average_17*average_21
            t2 = g**2
            t3 = 0.5*t2
            t4 = average_5*t3
            t5 = average_6*t3
            t6 = average_17**2
            t7 = t2*t6
            t8 = average_1*t3 - average_18*t4 + average_18*t5 - average_2*t3
            t9 = average_17*t2
            t10 = average_14*t9
            t11 = gamma*t2
            t12 = average_14*average_21
            t13 = t11*t12
            t14 = average_17*average_19
            t15 = average_18*t11
            t16 = average_18**2
            t17 = average_18*t0
            t18 = average_21*t2
            t19 = average_16**2*t2
            t20 = average_16*t2
            t21 = 4*t1
            t22 = t0*t7
            t23 = t19 - t20*t21 + 3*t22
            t24 = average_16*average_18
            t25 = average_21**3
            t26 = 6*gamma
            t27 = 1.5*average_8
            t28 = average_16*t7
            t29 = gamma*t19
            t30 = -2*average_16*average_17*average_21*gamma*t2 + average_21*average_3*t11 - average_21*average_4*gamma*t2 + gamma*t10
            t31 = average_17*t3
            t32 = average_21*t3
            t33 = t1*t2
            t34 = average_5*t33
            t35 = average_6*t33
            t36 = average_17**3
            t37 = 2*average_18*t7
            t38 = 2*average_5
            t39 = t0*t11
            t40 = 2*average_6
            t41 = -2*average_17*average_18*average_21
            t42 = 3*average_17
            t43 = g**4
            t44 = 1.5*t43
            t45 = average_5**2*t43
            t46 = average_6**2*t43
            t47 = average_10*t44
            t48 = average_17*t43
            t49 = t43*t6
            t50 = average_5*t49
            t51 = average_6*t49
            t52 = 0.5*gamma*t43
            t53 = gamma*t43
            t54 = average_16*t52
            t55 = gamma*t48
            t56 = 2*t55
            t57 = average_16*gamma*t49
            t58 = average_16*t53
            t59 = t21*t53
            t60 = T**2
            integrand_0 = log_integral
            integrand_1 = average_18
            integrand_2 = t0
            integrand_3 = -average_16
            integrand_4 = -t1
            integrand_5 = t4 - t5
            integrand_6 = t7
            integrand_7 = t8
            integrand_8 = average_18*t2*t6 - t10
            integrand_9 = -average_15*t11 + average_16*average_18*gamma*t2
            integrand_10 = -2*t1*t15 + t11*t14 + t13
            integrand_11 = average_20 - t16
            integrand_12 = -average_19*average_21 + t17
            integrand_13 = average_21*average_3*t2 - average_4*t18 - average_5*t0*t2 + average_6*t0*t2
            integrand_14 = t23
            integrand_15 = 2*average_16*gamma*t0*t2 - 2*t13
            integrand_16 = 4*average_16*gamma*t0*t2 + 4*average_17*average_18*average_21*gamma*t2 - 2*t11*t24 - t25*t26*t9
            integrand_17 = 2*average_19*average_21 - 2*t17
            integrand_18 = 3*average_21**4 + t16 - 4*t17
            integrand_19 = average_16*t4 - average_16*t5 - average_7*t3 + t2*t27
            integrand_20 = average_17*average_3*t2 - average_4*t9 - t28
            integrand_21 = average_1*gamma*t2 - average_2*t11 - t29
            integrand_22 = -t30
            integrand_23 = -average_15 + t24
            integrand_24 = -average_16*t0 + t12
            integrand_25 = 1.5*average_10*t18 - average_3*t31 + average_4*t31 - average_9*t32 + t34 - t35
            integrand_26 = -average_5*t20 + average_6*t20 - 3*t18*t36 + 2*t28 + 2*t34 - 2*t35
            integrand_27 = t30
            integrand_28 = -average_16*t11*t21 + average_5*t15 - average_6*t15 - gamma*t37 + t22*t26 + t29 - t38*t39 + t39*t40
            integrand_29 = -t12 - t14 - t41
            integrand_30 = 2*average_16*t0 - t24 - t25*t42 - t41
            integrand_31 = -average_11*t44 + 0.25*average_12*t43 + 0.75*average_13*t43 + 0.5*average_5*average_6*t43 - 0.25*t45 - 0.25*t46
            integrand_32 = average_17*t47 - 0.5*average_9*t48 + 0.5*t50 - 0.5*t51
            integrand_33 = average_5*t54 - average_6*t54 - average_7*t52 + t27*t53
            integrand_34 = average_17*average_21*average_6*gamma*t43 + 0.5*average_17*average_3*gamma*t43 + 0.5*average_21*average_9*gamma*t43 - average_21*gamma*t47 - 0.5*average_4*t55 - average_5*t1*t53
            integrand_35 = t8
            integrand_36 = -average_3*t32 + average_4*t32 + t0*t4 - t0*t5
            integrand_37 = -average_10*t42*t43 + average_17*average_9*t43 + average_6*t43*t6 - t50
            integrand_38 = 3*average_17**4*t43 - 2*average_5*average_6*t43 + t45 + t46 - 4*t50 + 4*t51
            integrand_39 = -average_3*t56 + average_4*t56 + 2*t57
            integrand_40 = -6*average_21*t36*t53 + average_5*t59 - average_6*t59 - t38*t58 + t40*t58 + 4*t57
            integrand_41 = 2*t10 - t37
            integrand_42 = t23
            integrand_43 = -0.5*average_0*t60 + 0.5*average_22*t60
            integrand_44 = average_23
            integrand_45 = average_21
            total_0 += chance * integrand_0
            total_1 += chance * integrand_1
            total_2 += chance * integrand_2
            total_3 += chance * integrand_3
            total_4 += chance * integrand_4
            total_5 += chance * integrand_5
            total_6 += chance * integrand_6
            total_7 += chance * integrand_7
            total_8 += chance * integrand_8
            total_9 += chance * integrand_9
            total_10 += chance * integrand_10
            total_11 += chance * integrand_11
            total_12 += chance * integrand_12
            total_13 += chance * integrand_13
            total_14 += chance * integrand_14
            total_15 += chance * integrand_15
            total_16 += chance * integrand_16
            total_17 += chance * integrand_17
            total_18 += chance * integrand_18
            total_19 += chance * integrand_19
            total_20 += chance * integrand_20
            total_21 += chance * integrand_21
            total_22 += chance * integrand_22
            total_23 += chance * integrand_23
            total_24 += chance * integrand_24
            total_25 += chance * integrand_25
            total_26 += chance * integrand_26
            total_27 += chance * integrand_27
            total_28 += chance * integrand_28
            total_29 += chance * integrand_29
            total_30 += chance * integrand_30
            total_31 += chance * integrand_31
            total_32 += chance * integrand_32
            total_33 += chance * integrand_33
            total_34 += chance * integrand_34
            total_35 += chance * integrand_35
            total_36 += chance * integrand_36
            total_37 += chance * integrand_37
            total_38 += chance * integrand_38
            total_39 += chance * integrand_39
            total_40 += chance * integrand_40
            total_41 += chance * integrand_41
            total_42 += chance * integrand_42
            total_43 += chance * integrand_43
            total_44 += chance * integrand_44
            total_45 += chance * integrand_45
        t0 = 0.5*g**2*gamma
        output_0 = P**2*t0 + 0.5*Q*Q_hat - q*q_hat - rho**2*t0 + total_0
        output_1 = -q + total_1
        output_2 = -Q + total_2
        output_3 = -rho + total_3
        output_4 = -P + total_4
        output_5 = -q_hat + total_5
        output_6 = -Q_hat + total_6
        output_7 = total_7 - 1
        output_8 = total_8
        output_9 = total_9
        output_10 = total_10
        output_11 = total_11
        output_12 = total_12
        output_13 = total_13
        output_14 = total_14 - 1
        output_15 = total_15
        output_16 = total_16
        output_17 = total_17
        output_18 = total_18
        output_19 = total_19
        output_20 = total_20
        output_21 = total_21 - 1
        output_22 = total_22
        output_23 = total_23
        output_24 = total_24
        output_25 = total_25
        output_26 = total_26
        output_27 = total_27
        output_28 = total_28 - 1
        output_29 = total_29
        output_30 = total_30
        output_31 = total_31
        output_32 = total_32
        output_33 = total_33
        output_34 = total_34
        output_35 = total_35 - 1
        output_36 = total_36
        output_37 = total_37
        output_38 = total_38
        output_39 = total_39
        output_40 = total_40
        output_41 = total_41
        output_42 = total_42 - 1
        output_43 = 0.5*T + total_43
        output_44 = total_44
        output_45 = total_45
        value[lane] = output_0
        residual[lane, 0] = output_1
        residual[lane, 1] = output_2
        residual[lane, 2] = output_3
        residual[lane, 3] = output_4
        residual[lane, 4] = output_5
        residual[lane, 5] = output_6
        jacobian[lane, 0, 0] = output_7
        jacobian[lane, 0, 1] = output_8
        jacobian[lane, 0, 2] = output_9
        jacobian[lane, 0, 3] = output_10
        jacobian[lane, 0, 4] = output_11
        jacobian[lane, 0, 5] = output_12
        jacobian[lane, 1, 0] = output_13
        jacobian[lane, 1, 1] = output_14
        jacobian[lane, 1, 2] = output_15
        jacobian[lane, 1, 3] = output_16
        jacobian[lane, 1, 4] = output_17
        jacobian[lane, 1, 5] = output_18
        jacobian[lane, 2, 0] = output_19
        jacobian[lane, 2, 1] = output_20
        jacobian[lane, 2, 2] = output_21
        jacobian[lane, 2, 3] = output_22
        jacobian[lane, 2, 4] = output_23
        jacobian[lane, 2, 5] = output_24
        jacobian[lane, 3, 0] = output_25
        jacobian[lane, 3, 1] = output_26
        jacobian[lane, 3, 2] = output_27
        jacobian[lane, 3, 3] = output_28
        jacobian[lane, 3, 4] = output_29
        jacobian[lane, 3, 5] = output_30
        jacobian[lane, 4, 0] = output_31
        jacobian[lane, 4, 1] = output_32
        jacobian[lane, 4, 2] = output_33
        jacobian[lane, 4, 3] = output_34
        jacobian[lane, 4, 4] = output_35
        jacobian[lane, 4, 5] = output_36
        jacobian[lane, 5, 0] = output_37
        jacobian[lane, 5, 1] = output_38
        jacobian[lane, 5, 2] = output_39
        jacobian[lane, 5, 3] = output_40
        jacobian[lane, 5, 4] = output_41
        jacobian[lane, 5, 5] = output_42
        observables[lane, 0] = output_43
        observables[lane, 1] = output_44
        observables[lane, 2] = output_45


@njit(cache=True, nogil=True, error_model="numpy")
def _height(x, lane, theta, parameters, field):
    """Exponent of the one-unit weight up to a constant."""
    q = theta[lane, 0]
    Q = theta[lane, 1]
    rho = theta[lane, 2]
    P = theta[lane, 3]
    q_hat = theta[lane, 4]
    Q_hat = theta[lane, 5]
    g = parameters[lane, 0]
    gamma = parameters[lane, 1]
    T = parameters[lane, 2]
    mu = parameters[lane, 3]
    sigma_h = parameters[lane, 4]
    eta = parameters[lane, 5]
    zeta = field[0]
    w = field[1]
    h = field[2]
    t0 = math.tanh(x)
    t1 = g**2
    a = -x
    b = 0.5*t0 + 1
    c = t0
    f = a - b*c*gamma*t1*(P - rho) + b*zeta + h
    s = b**2*t1*(-Q + q) + T
    height = c**2*(-0.5*Q_hat + q_hat) + c*w - 0.5*f**2/s - 0.5*math.log(s)
    return height


@njit(cache=True, nogil=True, error_model="numpy")
def _edge(inside, outside, level, lane, theta, parameters, field):
    """Where the weight falls through a level, by bisection."""
    for _ in range(24):
        middle = 0.5 * (inside + outside)
        if _height(middle, lane, theta, parameters, field) > level:
            inside = middle
        else:
            outside = middle
    return outside


@njit(cache=True, nogil=True, error_model="numpy")
def _local_support(lane, theta, parameters, field, grid, height_at):
    """Range of x that carries the weight at given fields; infinite if it does not decay."""
    first = 280 if EVEN else 0
    best = first
    for spot in range(first, len(grid)):
        height_at[spot] = _height(grid[spot], lane, theta, parameters, field)
        if not height_at[spot] <= height_at[best]:
            best = spot
    # the peak may be narrower than the grid: zoom in on it
    peak, top = grid[best], height_at[best]
    reach = 0.0
    if first < best < len(grid) - 1:
        reach = max(grid[best + 1] - grid[best], grid[best] - grid[best - 1])
    for _ in range(5):
        centre = peak
        for spot in range(-8, 9):
            x = centre + reach * spot / 8.0
            height = _height(x, lane, theta, parameters, field)
            if height > top:
                peak, top = x, height
        reach /= 6.0
    level = top - DEPTH - 2.0
    left = best
    right = best
    for spot in range(first, len(grid)):
        if height_at[spot] > level or math.isnan(height_at[spot]):
            left = min(left, spot)
            right = max(right, spot)
    if right >= len(grid) - 1 or (left <= 0 and not EVEN):
        return -math.inf, math.inf
    inner = max(grid[right], peak) if height_at[right] > level else peak
    upper = _edge(inner, grid[right + 1], level, lane, theta, parameters, field)
    if EVEN:
        return 0.0, upper
    inner = min(grid[left], peak) if height_at[left] > level else peak
    return _edge(inner, grid[left - 1], level, lane, theta, parameters, field), upper


@njit(cache=True, nogil=True, error_model="numpy")
def _support(theta, parameters, reach, lower, upper, width):
    """Range of x outside which the weight is negligible for all fields; NaN if there is none.

    The scan is logarithmic in x, so that it needs no scale: from 1e-9 to 1e5. The width is that
    of the narrowest weight at typical fields.
    """
    height_at = np.empty(561)
    grid = np.zeros(561)
    for spot in range(280):
        grid[281 + spot] = 10.0 ** (-9.0 + 0.05 * (spot + 1))
        grid[279 - spot] = -grid[281 + spot]
    for lane in range(len(theta)):
        q = theta[lane, 0]
        Q = theta[lane, 1]
        rho = theta[lane, 2]
        P = theta[lane, 3]
        q_hat = theta[lane, 4]
        Q_hat = theta[lane, 5]
        g = parameters[lane, 0]
        gamma = parameters[lane, 1]
        T = parameters[lane, 2]
        mu = parameters[lane, 3]
        sigma_h = parameters[lane, 4]
        eta = parameters[lane, 5]
        matrix = np.zeros((3, 3))
        scale = np.ones(3)
        matrix[0, 0] = Q*g**2
        matrix[0, 1] = P*g**2*gamma
        matrix[0, 2] = 0.0
        matrix[1, 0] = P*g**2*gamma
        matrix[1, 1] = Q_hat
        matrix[1, 2] = 0.0
        matrix[2, 0] = 0.0
        matrix[2, 1] = 0.0
        matrix[2, 2] = sigma_h**2
        scale[0] = g**2*abs(q)
        scale[1] = 1/abs(q)
        scale[2] = sigma_h**2
        factor, feasible = _factor(matrix, scale)
        lower[lane] = math.inf
        upper[lane] = -math.inf
        width[lane] = math.inf
        if not feasible:
            lower[lane] = math.nan
            continue
        for corner in range(3**3):
            field = np.zeros(3)
            z = np.zeros(3)
            rest = corner
            for k in range(3):
                z[k] = rest % 3 - 1.0
                rest //= 3
            length = max(1.0, math.sqrt(np.sum(z * z)))
            for k in range(3):
                for l in range(k + 1):
                    field[k] += factor[k, l] * z[l] * reach / length
            left, right = _local_support(lane, theta, parameters, field, grid, height_at)
            lower[lane] = min(lower[lane], left)
            upper[lane] = max(upper[lane], right)
            # typical fields say how narrow the weight is; the far ones hardly count
            if 3 > 0:
                left, right = _local_support(lane, theta, parameters, 0.3 * field, grid, height_at)
            width[lane] = min(width[lane], right - left)
        if not (math.isfinite(lower[lane]) and math.isfinite(upper[lane])):
            lower[lane] = math.nan


def evaluate(theta, parameters, rule):
    """Evaluate the functional at many points.

    Parameters
    ----------
    theta : array (points, order parameters)
    parameters : array (points, parameters)
    rule : Rule

    Returns
    -------
    value (points,), residual (points, k), jacobian (points, k, k), observables (points, o)
        NaN where the covariance of the fields is not positive semidefinite or the weight
        cannot be normalised.
    """
    return evaluate_with_scales(theta, parameters, rule)[:4]


def evaluate_with_scales(theta, parameters, rule):
    """As `evaluate`, and the natural size of every order parameter."""
    theta = np.ascontiguousarray(theta, dtype=np.float64)
    points, size = theta.shape
    value = np.empty(points)
    residual = np.empty((points, size))
    jacobian = np.empty((points, size, size))
    observables = np.empty((points, len(OBSERVABLES)))
    scales = np.full((points, size), np.nan)
    _evaluate(
        theta, np.ascontiguousarray(parameters, dtype=np.float64), rule.lower, rule.upper,
        rule.panels, rule.step, rule.reach, rule.node, rule.weight,
        value, residual, jacobian, observables, scales,
    )
    return value, residual, jacobian, observables, scales


def support(theta, parameters, reach):
    """Range of x that carries the weight at every point: arrays lower, upper and width.

    The width is that of the narrowest weight at typical fields.
    """
    lower = np.empty(len(theta))
    upper = np.empty(len(theta))
    width = np.empty(len(theta))
    _support(
        np.ascontiguousarray(theta, dtype=np.float64),
        np.ascontiguousarray(parameters, dtype=np.float64),
        reach, lower, upper, width,
    )
    return lower, upper, width


def gradient_and_hessian(residual, jacobian, parameters):
    """First and second derivatives of the functional at one point."""
    g = parameters[0]
    gamma = parameters[1]
    T = parameters[2]
    mu = parameters[3]
    sigma_h = parameters[4]
    eta = parameters[5]
    matrix = np.zeros((len(ORDER_PARAMETERS), len(ORDER_PARAMETERS)))
    matrix[0, 0] = 0.0
    matrix[0, 1] = 0.0
    matrix[0, 2] = 0.0
    matrix[0, 3] = 0.0
    matrix[0, 4] = -1.0
    matrix[0, 5] = 0.0
    matrix[1, 0] = 0.0
    matrix[1, 1] = 0.0
    matrix[1, 2] = 0.0
    matrix[1, 3] = 0.0
    matrix[1, 4] = 0.0
    matrix[1, 5] = 0.5
    matrix[2, 0] = 0.0
    matrix[2, 1] = 0.0
    matrix[2, 2] = -g**2*gamma
    matrix[2, 3] = 0.0
    matrix[2, 4] = 0.0
    matrix[2, 5] = 0.0
    matrix[3, 0] = 0.0
    matrix[3, 1] = 0.0
    matrix[3, 2] = 0.0
    matrix[3, 3] = g**2*gamma
    matrix[3, 4] = 0.0
    matrix[3, 5] = 0.0
    matrix[4, 0] = -1.0
    matrix[4, 1] = 0.0
    matrix[4, 2] = 0.0
    matrix[4, 3] = 0.0
    matrix[4, 4] = 0.0
    matrix[4, 5] = 0.0
    matrix[5, 0] = 0.0
    matrix[5, 1] = 0.5
    matrix[5, 2] = 0.0
    matrix[5, 3] = 0.0
    matrix[5, 4] = 0.0
    matrix[5, 5] = 0.0
    return -matrix @ residual, -matrix @ jacobian


def _close(name, one, two, tolerance):
    if not np.all(np.abs(one - two) <= tolerance * (1 + np.abs(two))):
        raise AssertionError(f"{name}: {one!r} differs from {two!r}")


def check():
    """Compare derivatives with finite differences and the functional with mpmath's values."""
    random = np.random.default_rng(0)
    J, x, v = random.normal(size=(3, 3)), random.normal(size=(3, 1)), random.normal(size=(3, 1))
    rest = (J, np.array([-0.3, 0.04999999999999999, 0.4]))
    step = 1e-5
    if True:
        slope = (energy(x + step * v, *rest) - energy(x - step * v, *rest)) / (2 * step)
        _close("gradient", np.sum(v * gradient(x, *rest), axis=0), slope, 1e-7)
    if True:
        change = (gradient(x + step * v, *rest) - gradient(x - step * v, *rest)) / (2 * step)
        _close("hessian_vector", hessian_vector(x, v, *rest), change, 1e-7)
    node, weight = np.polynomial.legendre.leggauss(6)
    rule = Rule(np.array([-2.5]), np.array([2.0]), np.array([3]), np.array([1.2]), 1.7, node, weight)
    theta = np.array([[0.94248579049568, 0.5871849111603005, 0.3118402833211513, -0.08466319393194377, -0.2590219868373097, 0.954888119824199]])
    parameters = np.array([[0.6559108123501284, 0.8752318481629677, 0.4720798063598169, 0.0, 0.5559157260052427, 0.0]])
    value, residual, jacobian, observables = evaluate(theta, parameters, rule)
    found = np.concatenate([value, residual[0], jacobian[0].ravel(), observables[0]])
    expected = np.array([1.2515090913599622, -0.6002271250629874, -0.4810909746797319, 0.09374624729927822, 0.04895457566812154, 0.17414164617595418, -0.8227046896275095, -0.9643072347486774, 0.008017133704296013, 0.04865490336682117, -0.015648567088564286, 0.08029480426765494, -0.021461096413485436, -0.032320596941307365, -0.901624900384809, 0.0031611343459406185, 0.05579021675919106, 0.04292219282697087, 0.01819397148683776, -0.11695793994959308, -0.07323999227356014, -1.0697311831664573, 0.028331623494274087, 0.12921529448444183, -0.004197592402312147, 0.06044673597598305, -0.19645792472287107, -0.028331623494274087, -0.9739545185602969, 0.04155869325982975, 0.07408245406983638, -0.011238376762229805, 0.05776125792150451, -0.044039502358717314, -0.022760696475488236, -0.9643072347486774, 0.016160298470653683, -0.11552251584300902, 0.2202678023725876, 0.055155773329694485, -0.14794907028886473, -0.016034267408592026, -0.901624900384809, 0.20769580196101403, 0.7259586654406105, 0.019206234725332613])
    _close("functional", found, expected, 1e-9)


if __name__ == "__main__":
    check()
    print("all kernels agree with finite differences and with mpmath")
