"""What a case is: a stranger's code, the mistake in it, and the names that a fair teacher would accept."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Case:
    """`make(dim, wrong, **settings)` gives (forward, inverse), or a list of such pairs.

    wrong: "" for the correct version. names: the accepted names of the mistake, none for a correct map.
    options: what the audit has to be told of the map, such as its codomain.
    """

    name: str
    style: str
    family: str
    make: Callable
    wrong: str = ""
    names: tuple[str, ...] = ()
    dims: tuple[int, ...] = (5,)
    settings: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    permuted: bool = False
    chain: bool = False

    def build(self, dim: int, wrong: str | None = None):
        """The pair, or the list of pairs, at one dimension."""
        return self.make(dim, self.wrong if wrong is None else wrong, **self.settings)

    def subject(self):
        """One pair for all of `dims`: each batch goes to the pair of its number of columns."""
        built = {dim: self.build(dim) for dim in self.dims}
        if len(built) == 1:
            return next(iter(built.values()))
        if isinstance(next(iter(built.values())), list):
            raise ValueError("a list of pairs has one dimension")
        return (
            lambda z: built[z.shape[1]][0](z),
            lambda x: built[x.shape[1]][1](x),
        )


def cases(
    prefix: str,
    style: str,
    family: str,
    make: Callable,
    mistakes: dict[str, str],
    *,
    dims: tuple[int, ...] = (5,),
    right: tuple[dict[str, Any], ...] = ({},),
    permuted: bool = False,
    chain: bool = False,
    options: dict[str, Any] | None = None,
    also: dict[str, dict[str, Any]] | None = None,
    **settings: Any,
) -> list[Case]:
    """The mutants of one piece of code, and its correct versions.

    mistakes: from the value of `wrong` to the accepted names, separated by blanks.
    right: one set of further settings for each correct version (dims and options may be among them).
    also: further settings for single mutants.
    """
    found = []
    for wrong, names in mistakes.items():
        more = dict((also or {}).get(wrong, {}))
        own_dims = more.pop("dims", dims)
        own_options = {**(options or {}), **more.pop("options", {})}
        found.append(
            Case(
                f"{prefix}.{wrong}",
                style,
                family,
                make,
                wrong,
                tuple(names.split()),
                own_dims,
                {**settings, **more},
                own_options,
                permuted,
                chain,
            )
        )
    for number, extra in enumerate(right):
        more = dict(extra)
        own_dims = more.pop("dims", dims)
        own_options = {**(options or {}), **more.pop("options", {})}
        found.append(
            Case(
                f"{prefix}.right{number}",
                style,
                family,
                make,
                "",
                (),
                own_dims,
                {**settings, **more},
                own_options,
                permuted,
                chain,
            )
        )
    return found
