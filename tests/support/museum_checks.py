"""A student's file for the museum's quiz: one check for each bug, with NumPy alone."""

import numpy as np


def points(rng, D, radius=2.0):
    return radius * rng.normal(size=(20, D))


def undoes(layer, rng, dims=(1, 2, 5), radius=2.0):
    forward, inverse = layer[:2]
    return all(np.allclose(inverse(forward(z)[0])[0], z, atol=1e-5) for z in (points(rng, D, radius) for D in dims))


def jacobian_log_det(f, a, h=1e-5):
    shape = a.shape
    flat = a.reshape(len(a), -1)
    columns = []
    for i in range(flat.shape[1]):
        step = np.zeros_like(flat)
        step[:, i] = h
        ahead, behind = f((flat + step).reshape(shape))[0], f((flat - step).reshape(shape))[0]
        columns.append((ahead - behind).reshape(len(a), -1) / (2 * h))
    return np.linalg.slogdet(np.stack(columns, axis=2))[1]


def is_jacobian(layer, rng, dims=(1, 2, 5), share=0.9):
    """Both directions; a few points may stand beside a kink."""
    forward, inverse = layer[:2]
    for D in dims:
        z = points(rng, D, 1.0)
        x = forward(z)[0]
        for f, a in ((forward, z), (inverse, x)):
            if np.mean(np.abs(f(a)[1] - jacobian_log_det(f, a)) < 1e-3) < share:
                return False
    return True


def right(layer, rng):
    return undoes(layer, rng) and is_jacobian(layer, rng)


check_sign_forward = check_halves_concatenated = check_slope_counted_twice = check_u_hat_by_length = right
check_margin_not_undone = check_margin_not_counted = right


def check_bracket_in_silence(layer, rng):
    return undoes(layer, rng, radius=50.0) and is_jacobian(layer, rng)


check_searched_inverse_sign = check_bracket_in_silence


def check_wrong_knots(layer, rng):
    """A spline's slope has no jump, at its knots neither."""
    slopes = layer[0](np.linspace(-4, 4, 40_001)[:, None])[1]
    return right(layer, rng) and bool(np.abs(np.diff(slopes)).max() < 0.1)


check_cached_sign = check_wrong_knots


def check_pixels_not_counted(layer, rng):
    forward, inverse = layer
    z = rng.normal(size=(4, 2, 3, 2))
    x, log_det = forward(z)
    np.testing.assert_allclose(inverse(x)[0], z)
    np.testing.assert_allclose(log_det, jacobian_log_det(forward, z), atol=1e-5)
    np.testing.assert_allclose(inverse(x)[1], -log_det)


def check_bounded_range(layer, rng):
    forward, inverse = layer
    x = np.linspace(-200, 200, 41)[:, None]
    return np.allclose(forward(inverse(x)[0])[0], x) and is_jacobian(layer, rng, (1, 2))


def check_added_not_subtracted(layer, rng):
    forward, _, log_prob = layer
    for D in (1, 3):
        z = points(rng, D)
        x, log_det = forward(z)
        base = -0.5 * (z**2).sum(axis=1) - D / 2 * np.log(2 * np.pi)
        np.testing.assert_allclose(log_prob(x), base - log_det, atol=1e-8)


check_rescaled_by_hand = check_added_not_subtracted


def check_base_counted_twice(log_ratio, rng):
    x = rng.normal(size=(30, 1))

    def log_normal(x, mean, scale):
        return (-0.5 * ((x - mean) / scale) ** 2 - np.log(scale) - 0.5 * np.log(2 * np.pi))[:, 0]

    return np.allclose(log_ratio(x, 0.5, 2.0), log_normal(x, 0.5, 2.0) - log_normal(x, 0, 1))


def check_nats_called_bits(bits_per_dim, rng):
    return bool(abs(bits_per_dim(np.full(10, -5 * np.log(256)), 5) - 8) < 1e-9)


def check_branch_not_taken(gradient, rng):
    inside, outside = np.linspace(-0.8, 0.8, 9), np.array([0.95, -0.95, 3.0, -7.0])
    return np.allclose(gradient(inside), -inside / np.sqrt(1 - inside**2)) and np.allclose(gradient(outside), 1)


def check_stale_embedding(log_prob, rng):
    for _ in range(2):
        x, c, W, head = rng.normal(size=4), rng.normal(size=(4, 2)), rng.normal(size=(2, 3)), rng.normal(size=3)
        wanted = -0.5 * (x - np.tanh(c @ W) @ head) ** 2 - 0.5 * np.log(2 * np.pi)
        np.testing.assert_allclose(log_prob(x, c, W, head), wanted)


def check_elbo_at_z0(elbo, rng):
    x = rng.normal()
    return bool(abs(elbo(x, x / 2, 0.5**0.5, rng.normal(size=50)) + 0.25 * x**2 + 0.5 * np.log(4 * np.pi)) < 1e-9)


check_elbo_reversed = check_elbo_at_z0


def check_rows_with_themselves(mmd, rng):
    a, b = rng.normal(size=(2, 20, 1))

    def kernel(a, b):
        return np.exp(-0.5 * (a - b.T) ** 2)

    def off_diagonal(k):
        return k[~np.eye(len(k), dtype=bool)].mean()

    wanted = off_diagonal(kernel(a, a)) + off_diagonal(kernel(b, b)) - 2 * kernel(a, b).mean()
    return np.isclose(mmd(a, b), wanted)


def check_probes_summed(trace, rng):
    A = np.diag(rng.normal(size=4))
    return np.isclose(trace(A, rng.choice([-1.0, 1.0], size=(16, 4))), np.trace(A))


def check_negative_discriminant(root, rng):
    t = rng.uniform(0.1, 0.9, size=4000)
    far = np.allclose(root(-np.ones(4000), 1.2 + t, -1.2 * t), t, atol=1e-3)
    straight = np.allclose(root(0 * t, 0 * t + 1, -t), t, atol=1e-5)
    return far and straight and np.allclose(root(-np.ones(4000), 2 * t, -t * t), t, atol=1e-2)


check_textbook_root = check_negative_discriminant


def check_scored_on_training_rows(accuracy, rng):
    alike, apart = rng.normal(size=(2, 400, 1)), rng.normal(size=(2, 50, 1)) + np.array([0, 50.0])[:, None, None]
    return bool(accuracy(*alike) < 0.65 and accuracy(*apart) > 0.95)
