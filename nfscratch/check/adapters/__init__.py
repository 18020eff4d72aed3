"""Adapters: flows of other libraries, as the audit takes them. Each library is imported only where its object is given.

    nf.check.audit(zuko.flows.NSF(3))        nf.check.audit(normflows.NormalizingFlow(base, layers))

An adapter knows which way is forward there, and hands on the base's density and the samples where the object has them:
adapt.py has the table. A bare layer has no dimension of its own: give `dims`.
"""

from nfscratch.check.adapters.adapt import Adapted, adapted

__all__ = ["Adapted", "adapted"]
