"""Registry: the larger sets that lie in the data folder, and how to know that a file is the right one.

    arrays       name -> shape, and SHA-256 of its bytes (uint8, C order), whatever archive they came in
    downloads    file -> SHA-256 of the file; the mirrors are tried in turn

MNIST: the four files that LeCun, Cortes and Burges published, from the mirrors that torchvision (ossci-datasets) and
TensorFlow Datasets (cvdf-datasets) name. Its arrays are the same in Keras' mnist.npz, so that file will do as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod


@dataclass(frozen=True)
class Array:
    """What an array must be: its shape, and the SHA-256 of its bytes."""

    shape: tuple[int, ...]
    sha256: str

    size = property(lambda self: prod(self.shape))


@dataclass(frozen=True)
class Archive:
    """A set in the data folder: `path` below it, the arrays in it, and where it comes from."""

    path: str
    arrays: dict[str, Array]
    obtain: str  # what to do where there is no download, or it failed
    mirrors: tuple[str, ...] = ()
    downloads: dict[str, tuple[str, str]] = field(default_factory=dict)  # array -> file, SHA-256 of the file


ARCHIVES = {
    "mnist": Archive(
        path="mnist/mnist.npz",
        arrays={
            "x_train": Array((60000, 28, 28), "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757"),
            "y_train": Array((60000,), "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13"),
            "x_test": Array((10000, 28, 28), "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161"),
            "y_test": Array((10000,), "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5"),
        },
        obtain="(Keras' mnist.npz is one)",
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        downloads={
            "x_train": (
                "train-images-idx3-ubyte.gz",
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            ),
            "y_train": (
                "train-labels-idx1-ubyte.gz",
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            ),
            "x_test": (
                "t10k-images-idx3-ubyte.gz",
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            ),
            "y_test": (
                "t10k-labels-idx1-ubyte.gz",
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            ),
        },
    ),
    # No download: the copies that can be checked are pickles, which run what they hold when they are read.
    "freyfaces": Archive(
        path="freyfaces/freyfaces.npz",
        arrays={"x": Array((1965, 28, 20), "2438ba4f0d2a6bd8bac43de756141eaa33c8d248dd613d464bdb1210d9b7af78")},
        obtain="with the array x (1965, 28, 20), uint8, in the order of the film; "
        "data/Freyfaces in github.com/riannevdberg/sylvester-flows has it as a pickle",
    ),
    # Bits, eight to a byte, as the authors of MADE publish them.
    "mushrooms": Archive(
        path="made_binary/mushrooms.npz",
        arrays={
            "train_data": Array((2000, 14), "b9b5e3b85f7fc3a6a7b15951f2974a0bafa2b9528001bcb8740f7187f2d7ff2b"),
            "valid_data": Array((500, 14), "c820fb1db5cc0918a66cac28324508eb29e73edabd540313c39bcf476757f5c4"),
            "test_data": Array((5624, 14), "de4f74441a3f07d6acc13aaa572e67e6e101551d99bee7d668c340e5ce720256"),
        },
        obtain="(datasets/mushrooms.npz in github.com/mgermain/MADE is one)",
    ),
    "dna": Archive(
        path="made_binary/dna.npz",
        arrays={
            "train_data": Array((1400, 23), "e1033c4821cac2fcf2044f13fa1a6130f8935390123ca15a16ba9ccde7d4c632"),
            "valid_data": Array((600, 23), "468e4c35be33e7c014cc37bcf49a85f6e8d0912aed94ad1a6d882a29380a0905"),
            "test_data": Array((1186, 23), "1cf7544018e47407cf867662bf0d55f0de17b37d23cda5a74f445a97eecad8ce"),
        },
        obtain="(datasets/dna.npz in github.com/mgermain/MADE is one)",
    ),
}
