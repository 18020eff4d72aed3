"""Repair: the one expression that is wrong in a user's own code, found by trying.

A look of check/diagnosis/ knows a mistake by its numbers. This room knows none. It changes one expression of the code
that the run went through, as a person would who hunts the mistake, and asks whether the laws hold then:

live_code.py     the lines and variables that a run met, and their functions, whose code can be exchanged and put back
code_objects.py  which of a statement's compiled functions is which living one
telling.py       the rows at which a screen looks
screen.py        the points at which edits are tried, and what the functions gave there
screens.py       whether shapes, round trip and log_det hold there: some thousandths of a second
differences.py   the Jacobians of a direction as it is now
directions.py    the direction whose log_det it looks at
laws.py          whether the audit's own checks hold, asked of what passes the screen
edit.py          one change of a syntax tree, done and undone, and the two pieces of source that it stands between
expressions.py   the changes of one expression: operators, constants, calls
indices.py       a slice or an index that is off by one
moved.py         a part of an expression out of a call, into one, or before another call
names.py         a variable, an attribute, a key or a function in the place of another of its kind; an element of it
orders.py        an order of the columns: of a loop, or of an index that is missing
older.py         a value as it was before a call made a new one of it; slots.py: columns that are put back elsewhere
backwards.py     a row of layers, or of their vectors, in the opposite order
siblings.py      what stands in a like place: the same variable's formula in the other direction, another call
lacking.py       what one function alone reads, in another one
forms.py         what is done to one value, done to another that lacks it
terms.py         a term or a factor that is missing, or one too many
flags.py         what a function of both directions does in one of them alone; turns.py: a mean over a loop, for a sum
matrices.py      a matrix that is missing; conditions.py: a value that is meant only where a condition holds
frequencies.py   those of rfft that occur twice; degrees.py: a coefficient over its degree
planar.py        a vector that has to keep w . u above -1
running.py       a running total that holds the column itself
moduli.py        a modulus that one line has and another lacks
bins.py          a limit of an index, one bin too early; range_edits.py: where it and moduli are tried
of_range.py      what of these ends a jump, or keeps x in its codomain: E and O are asked
branch_terms.py  a number that a log_det counts on one side of 0 alone
operands.py      the expressions that may be such a term
missing.py       terms of a log_det that are found by numbers, before they are tried
factors.py       a factor in a logarithm of it, or the logarithm of a number, by the same numbers
made_lines.py    lines that made something once: what they give and read, and which of them run again together
call_sites.py    the arguments that a class or a function was given when the module was imported
made.py          a line or a function of the module that made a number or an array when it was imported
squares.py       a norm where its square is meant, in a line that made something
seeded.py        lines that draw from a generator with a number as its seed
masked_draws.py  weights that were drawn and masked in one line, and cannot be drawn again
pure.py          functions of the user's that do nothing but compute
maker_lines.py   a line of a function that made something for each of its owners: what the next two share
made_objects.py  a line of __init__ that made an attribute
made_cells.py    a line of a function that made something for the functions within it
statements.py    the changes of one statement: left out, before its neighbour, in another order of a loop
inserted.py      a line that is missing, as it stands in the other direction or elsewhere
of_lines.py      the words for a change of whole lines
scope.py         the variables that a function may name, with their values in a run
ways.py          the lines that forward goes through, and those of inverse; of_layers.py: those of the layers that fail
twins.py         a mistake that stands in both directions, mended in both at once; like_places.py: in other words
late_binding.py  functions of a loop that all find its last turn's variables; bound_together.py: in both directions
evidence.py      what speaks for chance; other_numbers.py: with other numbers it has to hold, too: stated_numbers.py
other_orders.py  other permutations: what holds with one alone holds by chance
between.py       whether inverse goes back the way that forward came
ends.py          the ends of the domain, where an edited function has to answer, too
relevant.py      which values have a share in what is wrong: the others are left alone
rounds.py        which changes are tried when; candidates.py: in all places that the run met
search.py        one after the other, until one passes the screen and then the laws
caches.py        what objects and functions keep so as not to compute it again: emptied for edits of what fills it
frozen.py        the user's arrays, which no edited function may write into
beside.py        the same search in log_prob or in sample alone
masks.py         whether a change is to a mask, which says who sees whom
mended.py        what is found, and which of several is said; lengths.py: how much a piece of source says
products.py      a matrix that stands twice in one product; nothing.py: changes after which nothing is done
child.py         a forked process, in which all this happens: what an edited function does to arrays dies with it

What it says is true: with this in place of that, the laws that it names hold, which failed, and no other law that held
fails; but X may, where both directions have the same mistake and one of them is mended. Of what ran when the user's
module was imported, only lines and pure functions that made numbers and arrays run again, and only where the module, an
object or an inner function still holds what they made.
"""
