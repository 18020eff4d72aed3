"""Numbers that the audit's sources state stand here a second time: thresholds, counts, reaches, defaults of functions.

Most maps are right or wrong by far, so that no audit shows a number that moves by mistake. What is new need not stand
in the table. Limits of time do not, they are longer in tests (conftest.py); nor numbers of opcodes, which each Python
has of its own.
"""

import inspect
from dataclasses import is_dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import numpy as onp
from stated_numbers import ASSIGNED, classes

import nfscratch.check

MANY = 20
NOT_FROZEN = {"Boundary", "Mark", "Life", "_Line", "_Spots", "Site"}  # what a run fills


def modules():
    """All of the room, without what needs other libraries."""
    names = [m.name for m in walk_packages(nfscratch.check.__path__, "nfscratch.check.")]
    return [import_module(name) for name in names if ".adapters" not in name and "pytest_plugin" not in name]


def told(value):
    """The numbers that a value holds, as text; "" where it holds none. Of many, how many, the first and the last."""
    if isinstance(value, onp.ndarray):
        value = value.tolist()
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (tuple, list)):
        several = list(filter(None, map(told, value)))
        return " ".join(several) if len(several) <= MANY else f"{len(several)}: {several[0]} to {several[-1]}"
    if type(value) is float:
        return repr(float(f"{value:.12g}"))
    return repr(value) if type(value) in (bool, int) else ""


def numbers_of(module):
    """{name: numbers} of what it assigns to names in capitals, and of what its functions are given by default."""
    text = Path(module.__file__).read_text()
    names = [name for names in ASSIGNED.findall(text) for name in names.split(", ")]
    found = {name: told(vars(module).get(name)) for name in names}
    own = [(n, f) for n, f in vars(module).items() if inspect.isfunction(f) and f.__module__ == module.__name__]
    own += [
        (f"{kind.__name__}.{n}", f) for kind in classes(module) for n, f in vars(kind).items() if inspect.isfunction(f)
    ]
    for name, function in own:
        for parameter in inspect.signature(function).parameters.values():
            found[f"{name}({parameter.name})"] = told(parameter.default)
    return {name: said for name, said in found.items() if said}


def test_numbers_are_those_of_the_table():
    found, table = {module.__name__: numbers_of(module) for module in modules()}, []
    for line in TABLE.split("\n")[1:-1]:
        if not line.startswith(" "):
            of = line
        else:
            table.append((of, *line.split(maxsplit=1)))
    assert len(table) > 250
    other = [
        f"{m} {n} {said}, not {found.get(m, {}).get(n)}" for m, n, said in table if found.get(m, {}).get(n) != said
    ]
    assert not other, "; ".join(other)


def test_what_is_found_cannot_be_changed():
    made = [kind for module in modules() for kind in classes(module) if is_dataclass(kind)]
    assert len(made) > 12
    for kind in made:
        said = kind.__dataclass_params__
        assert (said.frozen, said.eq) == (kind.__name__ not in NOT_FROZEN, kind.__name__ != "Subject"), kind.__name__


TABLE = """
nfscratch.check.arguments
    MOST 1024
nfscratch.check.audit
    audit(dims) 1 2 5 6
    audit(radii) 0.3 1.0 3.0 10.0
    audit(draws) 3
    audit(changes) True
    audit(show) True
    _Run._unnamed(changes) False
nfscratch.check.diagnosis.aligned
    RANKED 12
    WIDEST 6
    ZERO 1e-09
nfscratch.check.diagnosis.boundaries
    RUNS 60000
    ROWS_OF_A_RUN 20
    LINES_OF_A_RUN 40
    TRIES 160
    SPOTS 6
    TRIES_OF_A_LINE 3
    equal(tolerance) 1e-09
nfscratch.check.diagnosis.chain_log_det
    NEARER 0.3
    MOST 2
nfscratch.check.diagnosis.clamp
    VARIED 2
    LEAST 5
    CLEARLY 1.05
    scales(rows) 4
    _falls(rounding) 1e-06
nfscratch.check.diagnosis.columns
    same(tolerance) 1e-05
nfscratch.check.diagnosis.explain
    unexplained(changes) False
nfscratch.check.diagnosis.gathered
    CLOSE 2e-05
nfscratch.check.diagnosis.held
    MOST_PARTS 7
nfscratch.check.diagnosis.loops
    MOST 1000000
nfscratch.check.diagnosis.paired
    ROWS 7
    FEW 10
    REACH 8
    CLOSE 1e-06
nfscratch.check.diagnosis.recorded
    OFTEN 400
nfscratch.check.diagnosis.set_once
    UNSET False 0 True
    SHOWN 3
    _results(other) False
nfscratch.check.diagnosis.spline_line
    BOX 3.0
    FINE 0.05 1e-10 0.01 1e-12
    inner(margin) 0.01
    is_piecewise_linear(n) 601
nfscratch.check.diagnosis.stretches
    FEW 2
nfscratch.check.diagnosis.wrong_bracket
    MARGIN 0.001
nfscratch.check.diagnosis.wrong_branches
    ROWS 60
nfscratch.check.diagnosis.wrong_chain
    MOST 2
    NAMELESS 3
nfscratch.check.diagnosis.wrong_clamp
    BOUNDS 160
    STEPS 60
    EXACT 1e-05
    LEAST 10
    STEP 1e-06
    STEEP 1000.0
nfscratch.check.diagnosis.wrong_columns
    FEW 4
    WIDEST 6
nfscratch.check.diagnosis.wrong_condition
    ORDERS 24
nfscratch.check.diagnosis.wrong_contraction
    TERMS 60
    STEPS 120
nfscratch.check.diagnosis.wrong_density
    LOG_2PI 1.83787706641
nfscratch.check.diagnosis.wrong_directions
    FINE 0.001
nfscratch.check.diagnosis.wrong_elementwise
    HALVINGS 60
nfscratch.check.diagnosis.wrong_halving
    ROWS 2
    VARIABLES 3
    POINTS 201
    TEETH 12.0
    WIDTHS 1.0 5.0 25.0 125.0 625.0
    LEAST 4
    SMALLEST 1e-06
nfscratch.check.diagnosis.wrong_line_search
    STEPS 12
    LEAST 3
    HALVINGS 60
    REACH 60.0
    STEP 0.0001
nfscratch.check.diagnosis.wrong_linear
    EXACT 1e-05
    WIDEST 6
nfscratch.check.diagnosis.wrong_log_det
    EXACT 2e-06
    INEXACT 0.001
nfscratch.check.diagnosis.wrong_order
    FEW 4
    WIDEST 6
nfscratch.check.diagnosis.wrong_passes
    SECANTS 60
    ROWS 24
nfscratch.check.diagnosis.wrong_point
    FEW 8
    ORDERS 24
nfscratch.check.diagnosis.wrong_samples
    UNIFORM 0.0 1.0 -1.0 1.0 -1.73205080757 1.73205080757
    _bridged(shift) 0.0
    _moments_hold(n) 100000
nfscratch.check.diagnosis.wrong_search
    FAR 10000.0 1000000.0
    ON_THE_WAY 41
    STEPS 60
    FEW 6
    LEAST 10
    WIDEST 6
    STEPS_OF_ALL 8
    _reaches(steps) 60
    _are_odd(most) 14
nfscratch.check.diagnosis.wrong_spline
    WINDOWS 300 1000 3000
    POINTS 1201
    _is_quadratic(length) 31
nfscratch.check.diagnosis.wrong_terms
    MOST_TERMS 8
    BOUNDS 0.5 1.0 1.5 2.0 2.5 3.0 4.0 5.0 10.0
    near(tolerance) 2e-05
nfscratch.check.domains
    NAMED -inf inf -inf inf 0.0 inf 0.0 inf 0.0 inf 0.0 inf -inf 0.0 0.0 1.0
nfscratch.check.draws
    DIMS 1 2 5 6
    RADII 0.3 1.0 3.0 10.0
    ROWS 6
    DRAWS 3
    LIMIT 0.001 0.1
    OF_ACCURACY 10000.0
nfscratch.check.error_table
    WIDTH 30
nfscratch.check.finding
    inconclusive(tolerance) 0.0
nfscratch.check.finite_differences
    ROUNDINGS 16.0
    SMOOTH 1e-05
    QUADRATURES_HOLD 10.0
    STEPS 0.001 0.0001 1e-05 1e-06
    STEPS_FLOAT32 0.1 0.03 0.01 0.003
    finite_difference_jacobian(steps) 0.001 0.0001 1e-05 1e-06
    numeric_jacobian(steps) 0.001 0.0001 1e-05 1e-06
    numeric_jacobian(eps) 2.3e-16
    numeric_jacobian(stacked) False
    random_params(scale) 1.0
    moved_params(scale) 1.0
nfscratch.check.grain
    SHORT 1e-07
    DRAWS 4
nfscratch.check.letters.bridge
    ALPHA 1e-07
    WIDTHS 0.5 0.75 1.0 1.5
    CUT 3.0
    LOCAL 3
    worst_bridge(shift) 0.0
    fitted_shift(reach) 60.0
    _tests(most) 8
    _bound(width) 1.0
    _bound(looks) 1
nfscratch.check.letters.directional
    LENGTHS 0.001 0.0001 1e-05 1e-06 1e-07
nfscratch.check.letters.edges
    WHOLE 1.0 2.0 3.0 4.0 5.0 6.0 8.0 10.0
    COARSE 0.5
nfscratch.check.letters.flow_gradients
    SINGLE 0.05
nfscratch.check.letters.growth
    SAME 1e-09
nfscratch.check.letters.independence
    COARSE 32.0
nfscratch.check.letters.integral
    NODES 20001
    NODES_REACH 7.0
    integrates_to_one(tolerance) 0.001
    integrates_to_one(sizes) 201 401 801 1601
    image_box(radius) 6.0
    image_box(n) 61
nfscratch.check.letters.jacobian
    log_det_is_jacobian(tolerance) 1e-06
    check_jacobian(tolerance) 1e-06
    check_jacobian(finite_only) False
    log_abs_det(tolerance) 1e-06
nfscratch.check.letters.joins
    SHARES 0.03 0.1475 0.265 0.3825 0.5 0.6175 0.735 0.8525 0.97
    FARTHEST 10.0
    LEAST 1e-06
    SIDES -1e-08 1e-08
    BESIDE 0.05
    _numbers_around(n) 4
    _along(n) 601
    _along(reach) 12.0
    _last_finite(halvings) 60
    _Line.fails(row) 0
    _Line.__init__(box) -inf inf
nfscratch.check.letters.jumps
    _ends_of_constants(halvings) 60
nfscratch.check.letters.kinks
    ON_LINE 1e-06
    STRAIGHT 1e-09
    REACHES 0.002 0.0002
    BESIDE -2.0 -1.0 1.0 2.0
    TAIL 10.0 11.0 12.0
    PLACES 0.002 1e-05 0.03 0.01
    RIGHT 0.02
nfscratch.check.letters.last_digits
    DIGITS 4.0
    DRAWS 4
    MARGIN 16.0
    LONGER 8.0
    LARGEST 10000.0
nfscratch.check.letters.mass_box
    mass_box(n) 61
    mass_box(least) -14.0
nfscratch.check.letters.onto
    WITHIN 1.0 3.0 10.0
    SEARCH_MAY_DECLINE 100.0
    HALVINGS 12
    JUMPS 30.0
    DIGITS 1e-06
    ROUGHLY 0.01
nfscratch.check.letters.out_of_reach
    CLOSE 1e-06
    NEARLY 1e-10
    DRAWN 9.0
    FAR 100.0
    FARTHER 1000.0
    REACH 35.0
    NEAR 3.0
nfscratch.check.letters.purity
    _draw(n) 5
nfscratch.check.letters.round_trip
    BEYOND 3.0
    NEAR 3.0
    HOPELESS 0.0001
    VISIBLE 0.01
    check_round_trip(room) True
nfscratch.check.letters.sample_statistics
    ALPHA 1e-06
nfscratch.check.letters.samples
    DRAWS_OF_K 12000
    SUSPICION 3.5
    REPEATS 0.005
    ATOM 0.002
    check_samples(n) 12000
    _is_spoiled(near) 3.0
    _is_spoiled(most) 0.1
    bridge_to_base(shift) 0.0
nfscratch.check.letters.scatter
    SMALL 0.01
    BESIDE 0.001
    OF_NOISE 8.36660026534
    MARGIN 6.0
nfscratch.check.letters.structure
    MOVES 0.5 -0.5 2.0 -2.0
nfscratch.check.notes
    NEAR 3.0
    COARSE 0.001
nfscratch.check.overflow
    SHARES 39: 0.8 to 0.000166153499473
    HALVINGS 50
nfscratch.check.pairs
    MOST_RESULTS 10
nfscratch.check.repair.accepting
    AT_ONCE 2000000
    LARGER 30.0
nfscratch.check.repair.beside
    LONGEST 6.0
    MOST 1000000
    POINTS 8
    FEW 1000
    CHECKED 12
    ENOUGH 4
    NEAR 1e-05
    SEED 0
nfscratch.check.repair.between
    MOST 4000
nfscratch.check.repair.branch_terms
    MOST 4
nfscratch.check.repair.call_sites
    MOST 24
nfscratch.check.repair.candidates
    candidates(slow) False
nfscratch.check.repair.child
    MEMORY 2147483648
nfscratch.check.repair.conditions
    MOST 4
nfscratch.check.repair.differences
    STEP 0.0003 0.02
nfscratch.check.repair.directions
    MUCH_SLOWER 4
    ROWS 6
    MOST 1000000
nfscratch.check.repair.edit
    WIDEST 60
nfscratch.check.repair.ends
    WHOLE 0.0 1.0 2.0 3.0 4.0 5.0 6.0 8.0 10.0
    MOST 200000
    MOST_OF_LETTER 2000000
nfscratch.check.repair.expressions
    SMALL 0.01
nfscratch.check.repair.factors
    LARGEST 100
    FIT 1e-05
    MOST 3
nfscratch.check.repair.flags
    MOST 2
nfscratch.check.repair.forms
    LONGEST 60
    MOST 12
nfscratch.check.repair.frozen
    DEEPEST 4
    MOST 2000
nfscratch.check.repair.inserted
    LONGEST 120
nfscratch.check.repair.lacking
    LARGE 10.0
    MOST 6
nfscratch.check.repair.live_code
    FUTURE 16777216
    LiveStatement._compiled(flags) 16777216
nfscratch.check.repair.made_cells
    MOST 12
nfscratch.check.repair.made_lines
    LONGEST 10000
nfscratch.check.repair.made_objects
    MOST 12
nfscratch.check.repair.matrices
    MOST 6
nfscratch.check.repair.mended
    ROUGH 1e-06
    MORE_TURNS 6
    WHOLE_LINE 12
    MOVED_LINE 6
    OTHERS 2
    Repair.beside(either) False
    Repair.__init__(is_shared) False
    Repair.__init__(misses) False
    LONG 40
nfscratch.check.repair.missing
    FIT 1e-06
    FACTORS 1.0 -1.0 2.0 -2.0 0.5 -0.5 3.0 -3.0
    MOST_RUNS 64
    MOST_VALUES 20000
    PAIRS 140
    TRIED 12
    Site.__init__(runs) 0
    MOVED 0.015625
    Site.__init__(sign) 1.0
nfscratch.check.repair.names
    MOST_TABLES 8
nfscratch.check.repair.of_layers
    MOST 16
nfscratch.check.repair.operands
    OWN 48
    OTHERS 24
    VARIED 24
    LONGEST 40
nfscratch.check.repair.orders
    MOST 4
    FEWEST 2
nfscratch.check.repair.other_orders
    SHORTEST 4
nfscratch.check.repair.rounds
    EVERYWHERE 3
    WITH_POOL 3
    SLIPS 3
    SIBLINGS 1
    LINES 2
    WITHOUT_POOL 0 2 3 5
    NAMES 2
nfscratch.check.repair.scope
    MOST_GLOBALS 20
    MOST_KEYS 12
nfscratch.check.repair.screen
    NEAR 1e-05 0.002
    NEVER 0.01
    SLOWER 20
nfscratch.check.repair.other_numbers
    MOST 8
nfscratch.check.repair.stated_numbers
    OTHER 0.9375
nfscratch.check.repair.search
    MOST 5000000
    SELDOM 64
    BETWEEN_LOOKS 0.2
    COMPILED 0.6
    BESIDE 400000
    MIRRORED 1000000
    ENOUGH 5
    CHECKED 24
    Search.__init__(row) 0
    Search.repair(rounds) 6
    Search.repair(most) 5000000
    Search._found(enough) 1
    SLOW 500
nfscratch.check.repair.siblings
    MOST 24
    LONGEST 120
nfscratch.check.repair.statements
    LONGEST 16
    FURTHEST 6
nfscratch.check.repair.telling
    POINTS 6
    WRONG 2
    CLAIMS 3
nfscratch.check.stops_early
    MOST 1e-06
    MOST_LINES 100000
    TURNS 12
    TURNS_OF_SEARCH 2
nfscratch.check.subject
    Subject.__init__(domain) -inf inf
    Subject.__init__(codomain) -inf inf
    Subject.__init__(codomain_known) True
    Subject.__init__(accuracy) 0.0
nfscratch.check.time_limit
    AFTER_FAILURE 20.0
    OF_CHECKS 0.7
    COST 0.05
    ROWS 1000
    FEW 24
    LONG 1.0
    TimeLimit.words(failed_at) inf
    TimeLimit.__init__(begin) 0.0
    TimeLimit.__init__(seconds) inf
    TimeLimit.__init__(cost) 0.0
nfscratch.check.trial
    K 64.0
    COARSE 1e-09
    Trial.__init__(limit) inf
nfscratch.check.undeclared
    ROWS 7
    FLAT 1e-07
nfscratch.check.units
    NEAR 3.0
    USUAL 0.05 20.0
    SHIFT 8.0
"""
