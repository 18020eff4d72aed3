"""Checks: a map is compared with what it says of itself, and with numbers that it had no part in.

    S  shapes_and_dtypes     x (N, D), log_det (N,), finite, in the dtype that came in
    R  round_trip            inverse(forward(z)) = z and forward(inverse(x)) = x
    X  log_dets_cancel       log_det forward + log_det inverse = 0
    J  log_det_is_jacobian   log_det = log|det J|, J by finite differences, in both directions
    N  integrates_to_one     the density's integral by quadrature (one or two variables)

Each returns a Finding, whose `outcome` is an Outcome; `table` prints several, and
`error_table` the errors of several maps. `audit` runs these and eight more over
several dimensions, draws of parameters and dtypes, and names the mistake: see audit.py.
"""

from nfscratch.bijections.contract import autodiff_jacobian
from nfscratch.check.audit import audit
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.error_table import error_table, failing
from nfscratch.check.finding import Finding, Outcome, table
from nfscratch.check.finite_differences import finite_difference_jacobian, random_params
from nfscratch.check.letters.cancellation import log_dets_cancel
from nfscratch.check.letters.integral import image_box, integrates_to_one
from nfscratch.check.letters.jacobian import log_det_is_jacobian
from nfscratch.check.letters.round_trip import round_trip
from nfscratch.check.letters.shapes import shapes_and_dtypes
from nfscratch.check.report import Failure, Report

__all__ = [
    "Failure",
    "Finding",
    "Mistake",
    "Outcome",
    "Report",
    "audit",
    "autodiff_jacobian",
    "error_table",
    "failing",
    "finite_difference_jacobian",
    "image_box",
    "integrates_to_one",
    "log_det_is_jacobian",
    "log_dets_cancel",
    "random_params",
    "round_trip",
    "shapes_and_dtypes",
    "table",
]
