"""The data folder: sets that are read, fetched or refused; small made-up files stand for the real ones."""

import gzip
import hashlib
import os
import re
import threading
import warnings
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from nfscratch.data import binary, folder, images, load, names
from nfscratch.data.dataset import PARTS
from nfscratch.data.registry import ARCHIVES, Archive, Array

SHAPES = {"x_train": (50, 4, 3), "y_train": (50,), "x_test": (10, 4, 3), "y_test": (10,)}
FILES = {key: f"{key}-idx{len(shape)}-ubyte.gz" for key, shape in SHAPES.items()}
NOWHERE = "http://127.0.0.1:9/"  # the port that nothing listens on


def digest(data):
    return hashlib.sha256(data).hexdigest()


def idx(a):
    header = bytes([0, 0, 8, a.ndim]) + b"".join(n.to_bytes(4, "big") for n in a.shape)
    return gzip.compress(header + a.tobytes(), mtime=0)


@pytest.fixture
def little(monkeypatch, tmp_path):
    """A set of the shape of MNIST, registered in its place; the folder and the cache are temporary. Its arrays."""
    r = np.random.default_rng(0)
    arrays = {key: r.integers(0, 256, shape).astype(np.uint8) for key, shape in SHAPES.items()}
    expected = {key: Array(a.shape, digest(a.tobytes())) for key, a in arrays.items()}
    downloads = {key: (FILES[key], digest(idx(a))) for key, a in arrays.items()}
    archive = Archive("mnist/mnist.npz", expected, "(ask a colleague)", (NOWHERE,), downloads)
    monkeypatch.setitem(ARCHIVES, "mnist", archive)
    monkeypatch.setattr(images, "MNIST_VALIDATION", 8)
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("NFSCRATCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "*")
    return arrays


@pytest.fixture
def path(tmp_path):
    """Where the archive belongs."""
    path = tmp_path / "data" / "mnist" / "mnist.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture
def server(tmp_path):
    """A web server for the folder "web": (its folder, its address, the paths it was asked for)."""
    web, asked = tmp_path / "web", []
    web.mkdir()

    class Handler(SimpleHTTPRequestHandler):
        def log_request(self, *_):
            asked.append(self.path)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(web))) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, daemon=True)
        thread.start()
        yield web, f"http://127.0.0.1:{httpd.server_address[1]}/", asked
        httpd.shutdown()
        thread.join()


def serve(monkeypatch, arrays, web, *mirrors):
    for key, a in arrays.items():
        (web / FILES[key]).write_bytes(idx(a))
    old = ARCHIVES["mnist"]
    monkeypatch.setitem(ARCHIVES, "mnist", Archive(old.path, old.arrays, old.obtain, mirrors, old.downloads))


# --- reading ---


def test_the_parts_are_the_published_ones(little, path):
    np.savez_compressed(path, **little)
    data = load("mnist")
    assert [x.shape for x in (data.train, data.validation, data.test)] == [(42, 12), (8, 12), (10, 12)]
    assert {x.dtype for x in (data.train, data.validation, data.test)} == {np.dtype("float64")}
    flat = {key: little[key].reshape(-1, 12) for key in ("x_train", "x_test")}
    assert np.array_equal(data.train, flat["x_train"][:42])
    assert np.array_equal(np.floor(data.validation), flat["x_train"][42:])
    assert np.array_equal(np.floor(data.test), flat["x_test"])
    assert [data.labels[part].tolist() for part in ("train", "validation", "test")] == [
        little["y_train"][:42].tolist(),
        little["y_train"][42:].tolist(),
        little["y_test"].tolist(),
    ]
    assert data.jitter == 1.0 and data.labels["train"].dtype == int and "0 to 255" in data.units


def test_noise_is_frozen_in_validation_and_test_and_follows_rng(little, path):
    np.savez(path, **little)
    data, again, other = load("mnist"), load("mnist"), load("mnist", rng=np.random.default_rng(1))
    assert np.array_equal(data.test, again.test) and np.array_equal(data.validation, again.validation)
    assert not np.array_equal(data.test, other.test)
    assert np.array_equal(np.floor(data.test), np.floor(other.test)) and np.array_equal(data.train, other.train)
    noise = data.test - np.floor(data.test)
    assert (noise > 0).all() and abs(noise.mean() - 0.5) < 4 / np.sqrt(12 * noise.size)


def test_n_keeps_the_first_training_images(little, path):
    np.savez(path, **little)
    few, whole = load("mnist", n=5), load("mnist")
    assert np.array_equal(few.train, whole.train[:5]) and np.array_equal(few.test, whole.test)
    assert np.array_equal(few.labels["train"], whole.labels["train"][:5])
    with pytest.raises(ValueError, match="n must be at most 42, the training rows of mnist; got 43"):
        load("mnist", n=43)


def test_frey_faces_are_shuffled_as_published(monkeypatch, tmp_path):
    x = np.random.default_rng(0).integers(0, 256, (30, 4, 3)).astype(np.uint8)
    archive = Archive("freyfaces/freyfaces.npz", {"x": Array(x.shape, digest(x.tobytes()))}, "")
    monkeypatch.setitem(ARCHIVES, "freyfaces", archive)
    monkeypatch.setattr(images, "FREY_VALIDATION", 6)
    monkeypatch.setattr(images, "FREY_TEST", 4)
    monkeypatch.setenv("NFSCRATCH_DATA", str(tmp_path))
    (tmp_path / "freyfaces").mkdir()
    np.savez(tmp_path / "freyfaces" / "freyfaces.npz", x=x)
    published = x.reshape(30, 12) / 255.0
    np.random.RandomState(123).shuffle(published)
    data = load("freyfaces")
    assert [len(part) for part in (data.train, data.validation, data.test)] == [20, 6, 4]
    together = np.concatenate([np.floor(part) for part in (data.train, data.validation, data.test)])
    assert np.array_equal(together, np.round(published * 255)) and data.labels is None
    assert np.array_equal(load("freyfaces", n=3).train, data.train[:3])


def test_bits_are_unpacked_and_the_published_split_is_kept(monkeypatch, tmp_path):
    r = np.random.default_rng(0)
    bits = {part: (r.random((rows, 112)) < 0.3).astype(np.uint8) for part, rows in zip(PARTS, (9, 4, 6), strict=True)}
    packed = {binary.STORED[part]: np.packbits(x, axis=1) for part, x in bits.items()}
    arrays = {key: Array(x.shape, digest(x.tobytes())) for key, x in packed.items()}
    monkeypatch.setitem(ARCHIVES, "mushrooms", Archive("made_binary/mushrooms.npz", arrays, ""))
    monkeypatch.setenv("NFSCRATCH_DATA", str(tmp_path))
    (tmp_path / "made_binary").mkdir()
    np.savez(tmp_path / "made_binary" / "mushrooms.npz", **packed)
    data = load("mushrooms")
    for part in PARTS:
        assert np.array_equal(getattr(data, part), bits[part]) and getattr(data, part).dtype == np.float64
    assert data.jitter is None and data.labels is None and data.dim == 112
    assert np.array_equal(load("mushrooms", n=3).train, bits["train"][:3])


def test_they_are_among_the_names():
    assert {"mnist", "freyfaces", "mushrooms", "dna"} <= set(names())


# --- damaged files ---


def refused(path):
    with pytest.raises(ValueError, match=re.escape(f"mnist: {path} is damaged, or another file: ")) as caught:
        load("mnist")
    assert "\n" not in str(caught.value)
    return str(caught.value).partition("another file: ")[2]


def test_another_array_is_refused(little, path):
    def other(**changes):
        np.savez(path, **{**little, **changes})
        return refused(path)

    x = little["x_test"]
    assert other(x_test=x + 1) == "x_test is not the published one, its SHA-256 differs"
    assert other(x_test=x[:9]) == "x_test must be uint8 of shape (10, 4, 3); got uint8, (9, 4, 3)"
    assert other(x_test=x.astype(float)) == "x_test must be uint8 of shape (10, 4, 3); got float64, (10, 4, 3)"
    assert other(x_test=np.asfortranarray(x)).startswith("x_test must be uint8")
    np.savez(path, **{key: a for key, a in little.items() if key != "y_test"})
    assert "y_test" in refused(path)


def test_a_pickle_is_refused_unread(little, path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(path.parent / "sprung"),))

    np.savez(path, **{**little, "y_test": np.array([Trap()], dtype=object)})
    assert "must be uint8 of shape (10,); got object" in refused(path)
    assert not (path.parent / "sprung").exists()


def test_a_header_that_promises_too_much_takes_no_memory(little, path):
    import zipfile

    np.savez(path, **{key: a for key, a in little.items() if key != "x_train"})
    with zipfile.ZipFile(path, "a") as archive, archive.open("x_train.npy", "w") as file:
        head = {"descr": "|u1", "fortran_order": False, "shape": (2**20, 2**10, 2**10)}
        np.lib.format.write_array_header_1_0(file, head)
    assert "got uint8, (1048576, 1024, 1024)" in refused(path)


def test_no_damage_goes_unseen(little, path):
    """Cut anywhere, or any bit flipped: the right arrays, or one line."""
    np.savez_compressed(path, **little)
    whole, r = path.read_bytes(), np.random.default_rng(0)
    right = folder.arrays("mnist")
    for k in range(300):
        data = bytearray(whole)
        if k % 3:
            data[r.integers(len(data))] ^= 1 << int(r.integers(8))
        else:
            del data[r.integers(len(data)) :]
        path.write_bytes(data)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # zipfile's, of names that were flipped
                got = folder.arrays("mnist")
        except ValueError as error:
            assert "is damaged" in str(error) and "\n" not in str(error)
        else:
            assert all(np.array_equal(got[key], right[key]) for key in right)


# --- downloads ---


def test_what_is_missing_is_fetched_once_into_the_folder(little, server, monkeypatch, tmp_path):
    web, address, asked = server
    serve(monkeypatch, little, web, address)
    first = load("mnist")
    assert sorted(file.name for file in (tmp_path / "data" / "mnist").iterdir()) == sorted(FILES.values())
    assert len(asked) == 4 and folder.held() == ["mnist"]
    assert np.array_equal(load("mnist").test, first.test) and len(asked) == 4
    assert np.array_equal(first.train, little["x_train"][:42].reshape(42, 12))
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("name", ["mnist", "freyfaces"])
def test_a_folder_that_is_not_there_is_refused_and_not_made(name, little, server, monkeypatch, tmp_path):
    web, address, asked = server
    serve(monkeypatch, little, web, address)
    misspelled = tmp_path / "dta" / "sets"
    monkeypatch.setenv("NFSCRATCH_DATA", str(misspelled))
    with pytest.raises(FileNotFoundError) as caught:
        load(name)
    message = f"{name}: NFSCRATCH_DATA must name a folder; {misspelled} does not exist: make it, or correct the name"
    assert str(caught.value) == message
    assert not misspelled.parent.exists() and asked == []
    misspelled.parent.write_text("")
    monkeypatch.setenv("NFSCRATCH_DATA", str(misspelled.parent))
    with pytest.raises(FileNotFoundError, match=r"must name a folder; .*dta is not a folder: make it"):
        load(name)


def test_without_a_folder_it_goes_to_the_cache(little, server, monkeypatch, tmp_path):
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache" / project)  # a place of its own per system
    monkeypatch.delenv("NFSCRATCH_DATA")
    web, address, _ = server
    serve(monkeypatch, little, web, address)
    assert load("mnist").dim == 12 and folder.held() == []
    assert len(list((tmp_path / "cache" / "nfscratch" / "mnist").iterdir())) == 4


def test_the_next_mirror_is_tried(little, server, monkeypatch):
    web, address, asked = server
    serve(monkeypatch, little, web, NOWHERE, address + "gone/", address)
    assert load("mnist").dim == 12
    assert sum("gone" in request for request in asked) == 4


def test_a_download_with_another_checksum_is_not_kept(little, server, monkeypatch, tmp_path):
    web, address, _ = server
    serve(monkeypatch, little, web, address)
    (web / FILES["x_train"]).write_bytes(b"something else")
    with pytest.raises(FileNotFoundError, match=r"the download failed \(ValueError: SHA256 hash"):
        load("mnist")
    assert list((tmp_path / "data" / "mnist").iterdir()) == []


def test_files_of_the_right_checksum_and_the_wrong_shape_are_refused(little, server, monkeypatch):
    web, address, _ = server
    wrong = {**little, "y_test": little["y_test"][:9]}
    old = ARCHIVES["mnist"]
    downloads = {key: (FILES[key], digest(idx(a))) for key, a in wrong.items()}
    monkeypatch.setitem(ARCHIVES, "mnist", Archive(old.path, old.arrays, old.obtain, (), downloads))
    serve(monkeypatch, wrong, web, address)
    with pytest.raises(ValueError, match=r"y_test-idx1-ubyte.gz is damaged, .* begin as idx data of shape \(10,\)"):
        load("mnist")


@pytest.mark.parametrize("named", [True, False])
def test_neither_folder_nor_network_is_one_line(little, monkeypatch, tmp_path, named):
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache" / project)
    if not named:
        monkeypatch.delenv("NFSCRATCH_DATA")
    missing = f"there is no {tmp_path / 'data' / 'mnist' / 'mnist.npz'}" if named else "NFSCRATCH_DATA is not set"
    with pytest.raises(FileNotFoundError) as caught:
        load("mnist")
    assert str(caught.value) == (
        f"mnist: {missing}, and the download failed (ConnectionError; tried {NOWHERE}); "
        "set NFSCRATCH_DATA to a folder that holds mnist/mnist.npz (ask a colleague)"
    )


def test_a_set_without_a_download_says_what_to_do(monkeypatch):
    monkeypatch.delenv("NFSCRATCH_DATA", raising=False)
    with pytest.raises(
        FileNotFoundError, match=r"^freyfaces: NFSCRATCH_DATA is not set, and this set is not downl.*npz"
    ):
        load("freyfaces")


def test_the_registry_names_every_file_and_its_checksum():
    for name, archive in ARCHIVES.items():
        assert re.fullmatch(rf"\w+/{name}\.npz", archive.path)
        assert set(archive.downloads) in (set(), set(archive.arrays))
        assert bool(archive.mirrors) == bool(archive.downloads)
        checksums = [a.sha256 for a in archive.arrays.values()] + [sha for _, sha in archive.downloads.values()]
        assert all(re.fullmatch("[0-9a-f]{64}", sha) for sha in checksums)
        assert len(set(checksums)) == len(checksums)
        assert all(mirror.startswith("https://") and mirror.endswith("/") for mirror in archive.mirrors)


# --- the real ones ---


def held(name):
    return pytest.mark.skipif(name not in folder.held(), reason=f"NFSCRATCH_DATA does not hold {name}")


@held("mnist")
def test_mnist_itself():
    data = load("mnist", n=1000)
    assert [x.shape for x in (data.train, data.validation, data.test)] == [(1000, 784), (10_000, 784), (10_000, 784)]
    assert data.labels["train"][:5].tolist() == [5, 0, 4, 1, 9] and data.labels["test"][:3].tolist() == [7, 2, 1]
    assert data.train.min() == 0 and data.train.max() == 255 and data.test.max() < 256


@held("freyfaces")
def test_frey_faces_themselves():
    data = load("freyfaces")
    assert [x.shape for x in (data.train, data.validation, data.test)] == [(1565, 560), (200, 560), (200, 560)]
    assert data.train.min() >= 8 and data.train.max() <= 238


@held("mushrooms")
def test_mushrooms_themselves():
    data = load("mushrooms")
    assert [x.shape for x in (data.train, data.validation, data.test)] == [(2000, 112), (500, 112), (5624, 112)]
    assert set(np.unique(data.train)) == {0.0, 1.0}


@held("dna")
def test_dna_itself():
    data = load("dna")
    assert [x.shape for x in (data.train, data.validation, data.test)] == [(1400, 180), (600, 180), (1186, 180)]
    assert (data.train.reshape(-1, 60, 3).sum(axis=2) <= 1).all()  # a base is one of 100, 010, 001 and 000
