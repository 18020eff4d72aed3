"""Pictures, in one style: densities and maps of the plane, matrices, tables against draws, training, small images.

style.py           colours, the page, and the figure that a notebook shows
plane.py           a density, points, and a bent grid, of two variables
matrix.py          a Jacobian
sheet.py           rows as small images
curve.py           a training curve
corner.py          a table against a flow: every pair of columns, and every column
pairs.py           a table against draws: data below the diagonal, draws above
named_columns.py   rows of a table, with names and units for the columns that are drawn
panels.py          the square of axes that a table needs, and what one axis of it shows
frame.py           limits that one far row does not decide
checked.py         arguments, checked before anything is drawn

Functions of one axis draw into a matplotlib axis that is passed in; `corner`, `pairs` and `training_curve` make the
figure themselves.
"""

from nfscratch.plot.corner import corner
from nfscratch.plot.curve import training_curve
from nfscratch.plot.matrix import jacobian
from nfscratch.plot.pairs import pairs
from nfscratch.plot.plane import density, scatter, warp_grid
from nfscratch.plot.sheet import image_rows
from nfscratch.plot.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    STYLE,
    WIDTH,
    YELLOW,
    Picture,
    subplots,
)

__all__ = [
    "BLACK",
    "BLUE",
    "GREEN",
    "ORANGE",
    "PURPLE",
    "RED",
    "SKY",
    "STYLE",
    "WIDTH",
    "YELLOW",
    "Picture",
    "corner",
    "density",
    "image_rows",
    "jacobian",
    "pairs",
    "scatter",
    "subplots",
    "training_curve",
    "warp_grid",
]
