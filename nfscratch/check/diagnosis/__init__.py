"""Diagnosis: from a failed check to the name of the mistake. The letters know nothing of this room.

explain.py         which look is asked for which letter; a chain's first wrong layer, or the whole
wrong_directions.py which of the two log-dets tells
mistakes.py        every mistake that can be named; hints.py has a hint for each

letter  what is wrong                           named in
X J     a log_det                               wrong_log_det, wrong_terms, wrong_clamp, wrong_point, wrong_branches,
                                                wrong_planar, wrong_radial_slope, wrong_linear, wrong_spline,
                                                wrong_contraction, means,
                                                triangles
R S     an inverse                              wrong_inverse, wrong_columns, wrong_affine, wrong_elementwise,
                                                wrong_passes, wrong_linear, wrong_radial, wrong_bracket, wrong_search,
                                                wrong_line_search, wrong_halving,
                                                wrong_contraction, wrong_spline
S P     a result, or what a call leaves behind  wrong_calls, left_behind, set_once
I       a row that depends on others            wrong_rows
D N     a density                               wrong_density
T E O G an edge, the range, the structure       wrong_edges, of_range
K       samples                                 wrong_samples

A chain that a user wrote as one function has layers, too. The looks above are put to each of them:

recorded.py        what the function holds in its local variables, line by line, and a run with some of them replaced
held.py            the forms in which a variable holds a state or a log_det
boundaries.py      where all that the function knows is one state: there one layer ends and the next begins
stretches.py       the lines between two boundaries, in words
paired.py          which boundaries of forward and of inverse belong together; wrong_chain.py names the layer (R)
running_total.py   the log_det so far at a boundary; gathered.py at all of them; chain_log_det.py names the layer (X, J)
exchanged.py       the same where a function keeps its sums out of sight
wrong_condition.py and wrong_order.py: a layer that sees the wrong half; one that moves columns before it does the rest

in_time.py         a general name where the looks take too long
one_change.py      the change of one expression that mends the law, found by trying (check/repair/)

columns.py and aligned.py match the columns of x with those of z; clamp.py and spline_line.py know two kinds of layer.
loops.py asks whether an inverse repeats anything: only then may it stop too early.
"""
