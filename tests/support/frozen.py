"""What collection has made is set aside from Python's collector, but for what an audit may look for.

A search for a change asks who refers to the code of a function, and goes through all objects there are: in a run of all
tests that took 40 ms a time, hundreds of times. Functions and objects of tests stay where it finds them.
"""

import ctypes
import gc
import sys
from pathlib import Path
from types import FunctionType

TESTS = str(Path(__file__).parents[1])


def freeze():
    gc.collect()
    subjects = [each for each in gc.get_objects() if is_of_tests(each)]
    gc.freeze()
    for each in subjects:  # the collector has no word for "but these"
        ctypes.pythonapi.PyObject_GC_UnTrack(ctypes.py_object(each))
        ctypes.pythonapi.PyObject_GC_Track(ctypes.py_object(each))


def is_of_tests(each):
    """Whether it is a function of a file of tests, or an object of a class of one."""
    if isinstance(each, FunctionType):
        return each.__code__.co_filename.startswith(TESTS)
    module = sys.modules.get(getattr(type(each), "__module__", None))
    return str(getattr(module, "__file__", None)).startswith(TESTS)
