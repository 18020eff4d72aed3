"""Nothing changes after it is made: the package's data classes are frozen, but for those that are listed here.

Parts of flows and models are the same where they are one object, other data where all fields are equal.
"""

import inspect
import pkgutil
from dataclasses import is_dataclass
from importlib import import_module

import nfscratch
from nfscratch.checkpoint.description import CONTRACTS

ELSEWHERE = ("nfscratch.check.adapters.", "nfscratch.book.", "nfscratch.sklearn")  # what they import may not be here


OTHERS = {
    "check.diagnosis.boundaries.Boundary": "eq repr",
    "check.diagnosis.gathered.Mark": "eq repr",
    "check.diagnosis.recorded.Life": "eq repr",
    "check.letters.joins._Line": "eq repr",
    "check.letters.jumps._Spots": "eq repr",
    "check.pytest_plugin.Laws": "eq repr",
    "check.repair.missing.Site": "eq repr",
    "check.subject.Subject": "frozen repr",
    "course.properties.ch09.watched_calls.Watched": "eq repr",
    "data.dataset.Dataset": "frozen",
    "data.posteriordb.ReferencePosterior": "frozen repr",
    "evaluate.permutation_test.TwoSampleTest": "frozen repr",
    "evaluate.tarp.TarpCurve": "frozen repr",
    "flows.parameters.Comparison": "eq repr",
    "ode.euler_maruyama.EulerMaruyama": "frozen repr",
    "ode.solver.Solution": "frozen repr",
    "ode.tableau.Step": "frozen repr",
    "posteriors.posterior_result.PosteriorResult": "",
    "targets.density.Density": "frozen",
    "targets.energies.Energy": "frozen",
    "targets.energies.Walled": "frozen repr",
    "targets.gaussian_path.GaussianPath": "frozen repr",
    "targets.simulators.simulator.Posterior": "frozen",
    "targets.simulators.simulator.Simulator": "frozen",
    "training.beginning.Beginning": "eq repr",
    "training.record.Result": "eq",
}


def data_classes():
    for found in pkgutil.walk_packages(nfscratch.__path__, "nfscratch."):
        if not found.name.startswith(ELSEWHERE) and not found.name.endswith("__main__"):
            module = import_module(found.name)
            for cls in vars(module).values():
                if inspect.isclass(cls) and cls.__module__ == found.name and is_dataclass(cls):
                    yield cls


def test_which_classes_are_frozen_and_which_are_compared_by_identity():
    others = {}
    for cls in data_classes():
        options, usual = cls.__dataclass_params__, "frozen repr" if issubclass(cls, CONTRACTS) else "frozen eq repr"
        said = " ".join(name for name in ("frozen", "eq", "repr") if getattr(options, name))
        if said != usual:
            others[f"{cls.__module__.removeprefix('nfscratch.')}.{cls.__name__}"] = said
    assert others == OTHERS
