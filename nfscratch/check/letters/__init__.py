"""Letters: a file for each check of the audit, and companions where a check is long.

    S  shapes.py         P  purity.py, I  independence.py (calls.py)      R  round_trip.py
    X  cancellation.py   J  jacobian.py (scatter.py)                      D  definition.py
    T  structure.py (still.py)                                            O  onto.py (growth.py)
    E  edges.py (joins.py, jumps.py, kinks.py)
    G  gradients.py (directional.py, flow_gradients.py)                   N  integral.py (mass_box.py)
    K  samples.py (bridge.py, sample_statistics.py)

out_of_reach.py says what E and O excuse of a user's own functions where no draw comes.

A check takes a Trial and gives a Finding. It says what it saw; the room `diagnosis` says which mistake that is.
"""
