"""Which files tren reads, by which commands, and how a good one of each is made."""
import os
import shutil
import subprocess

import h5py
import numpy as np

import mutate
import mutate_h5

SMALL = ["--model.hidden", "[4]", "--batch_size", "32", "--no-plots", "--progress", "off"]


class Good:
    """A folder of good files of every format, made once; those of the laboratory only when a format wants them."""

    def __init__(self, tren, work, with_lab=True):
        self.folder = os.path.join(work, "good")
        os.mkdir(self.folder)
        self.tren = tren
        self.make_sources()
        self.make_datasets()
        self.make_runs()
        if with_lab:
            self.do("lab", "run", "W4", "--quick", "--ranks", "1", "--out", "lab")

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(first_like(self.folder, name)), "rb") as file:
            return file.read()

    def write(self, name, data):
        with open(self.path(name), "wb" if isinstance(data, bytes) else "w") as file:
            file.write(data)

    def do(self, *arguments):
        result = subprocess.run(["bash", "-c", 'ulimit -S -v unlimited; exec "$@"', "tren", self.tren, *arguments], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
        if result.returncode:
            raise SystemExit(f"cannot make the good files: {' '.join(arguments)}: {result.stderr}")

    def make_sources(self):
        rng = np.random.default_rng(1)
        x, y = rng.random((120, 8)), rng.integers(0, 3, 120)
        lines = [",".join(f"{v:.5f}" for v in row) + f",{label}" for row, label in zip(x, y)]
        self.write("plain.csv", "\n".join(lines) + "\n")
        self.write("words.txt", "".join(f"Line {i} of a text, and of its {i * i} words.\n" for i in range(60)))
        self.write("pairs.tsv", "".join(f"das Haus {i}\tthe house {i}\n" for i in range(60)))
        self.write("header.csv", "a,b,c,d,e,f,g,h,label\n" + "\n".join(lines[:60]) + "\n")
        self.write("named.csv", "a,b,kind\n" + "".join(f"{v[0]:.3f},{i},{'xyz'[i % 3]}\n" for i, v in enumerate(x[:40])))
        pixels = rng.integers(0, 256, 20 * 20, dtype="u1").tobytes()
        self.write("images.idx", bytes([0, 0, 8, 3, 0, 0, 0, 20, 0, 0, 0, 4, 0, 0, 0, 5]) + pixels)
        self.write("table.idx", bytes([0, 0, 13, 2, 0, 0, 0, 20, 0, 0, 0, 3]) + rng.random(60).astype(">f4").tobytes())
        self.write("labels.idx", bytes([0, 0, 8, 1, 0, 0, 0, 20]) + bytes(i % 3 for i in range(20)))
        self.write("ten.cifar", b"".join(bytes([i % 10]) + rng.bytes(3072) for i in range(12)))
        self.write("hundred.cifar", b"".join(bytes([i % 20, i % 100]) + rng.bytes(3072) for i in range(6)))
        self.write("names.txt", "".join(f"name{i}\n" for i in range(10)))
        for name, libver, options in (("table.hdf5", "earliest", {}), ("chunked.hdf5", "latest", {"chunks": True, "compression": "gzip"})):
            with h5py.File(self.path(name), "w", libver=libver) as file:
                file.create_dataset("x", data=x.astype("f4"), **options)
                file.create_dataset("y", data=y.astype("u1"), **options)
        with h5py.File(self.path("images.hdf5"), "w") as file:
            file["x"], file["y"] = rng.integers(0, 256, (60, 3, 4, 5), dtype="u1"), np.arange(60) % 3

    def make_datasets(self):
        self.do("data", "import", "csv", "plain.csv", "--label", "9", "--split", "60/20/20", "--out", "classes.h5")
        self.do("data", "import", "csv", "named.csv", "--label", "kind", "--split", "60/20/20", "--out", "named.h5")
        self.do("data", "import", "idx", "--images", "images.idx", "--labels", "labels.idx", "--split", "60/20/20", "--out", "images.h5",
                "--label-noise", "0.2")
        self.do("data", "import", "text", "words.txt", "--tokens", "12", "--vocabulary", "270", "--split", "60/20/20", "--out", "text.h5")
        self.do("data", "import", "pairs", "pairs.tsv", "--vocabulary", "262", "--split", "60/20/20", "--out", "pairs.h5")
        self.do("data", "make", "sinusoid", "--n", "60", "--split", "60/20/20", "--out", "targets.h5")

    def make_runs(self):
        self.write("run.yaml", "data: classes.h5\nseed: 3\nshards: 2\nbatch_size: 16\nepochs: 2\nplots: false\nprogress: off\n"
                               "model:\n  name: mlp\n  hidden: [6, 4]\n  activation: relu\ndropout: 0.1\n"
                               "optimizer:\n  name: adam\n  learning_rate: 0.01\nschedule:\n  name: cosine\n"
                               "early_stopping:\n  rule: patience\n  patience: 3\n")
        self.write("scg.yaml", "data: targets.h5\noptimizer.name: scg\nepochs: 3\nplots: false\nmodel: {hidden: [3]}\n")
        self.write("grid.yaml", "data: targets.h5\nepochs: 1\nplots: false\nmodel: {hidden: [3]}\ngrid:\n  seed: [1, 2]\n"
                                "  optimizer.learning_rate: [0.1, 0.01]\n")
        self.write("layers.yaml", "data: classes.h5\nepochs: 1\nplots: false\nmodel:\n  layers:\n    - dense: {units: 8, norm: batch, activation: relu}\n"
                                  "    - residual:\n        - dense: {units: 6, dropout: 0.1}\n    - concat: [[], [dense: 4, gelu]]\n"
                                  "    - repeat: 2\n      layers: [relu, dense: 5]\n    - dense: outputs\n")
        self.do("train", "run.yaml", "--out", "run")
        self.do("train", "scg.yaml", "--out", "scg")
        self.do("train", "--data", "images.h5", "--out", "cnn", "--model.name", "cnn", "--model.channels", "[2]", "--model.hidden", "[]",
                "--epochs", "1", "--no-plots", "--batch_size", "8")
        self.do("train", "--data", "text.h5", "--out", "talk", *TALK, "--epochs", "1", "--no-plots", "--batch_size", "8")
        os.mkdir(self.path("sweep"))
        shutil.copy(self.path("targets.h5"), self.path("sweep"))
        self.do("sweep", "grid.yaml", "--data", "sweep/targets.h5", "--out", "sweep")


class Command:
    """Arguments in which FILE is the changed file and GOOD the folder of good ones; `into`, a good folder of which a copy gets the
    changed file under a name of its own."""

    def __init__(self, name, arguments, codes, weight=1, seeds=(), into="", replaces="", without=()):
        self.name, self.template, self.codes, self.weight, self.seeds = name, arguments, codes, weight, list(seeds)
        self.into, self.replaces, self.without = into, replaces, without

    def place(self, good, folder, data, ending):
        path = os.path.join(folder, "case" + ending)
        if self.into:
            copy = os.path.join(folder, self.into)
            shutil.copytree(good.path(self.into), copy)
            for name in self.without:
                if os.path.exists(os.path.join(copy, name)):
                    os.remove(os.path.join(copy, name))
            path = os.path.join(copy, first_like(copy, self.replaces))
        with open(path, "wb") as file:
            file.write(data)
        return path

    def arguments(self, tren, good, path):
        here = os.path.relpath(path, os.path.dirname(path) if not self.into else path.split("/" + self.into + "/")[0])
        return [tren, *(a.replace("FILE", here).replace("GOOD", good.folder) for a in self.template)]


def first_like(folder, name):
    """`name`, whose last part may be `*`: the first file of that folder."""
    if not name.endswith("*"):
        return name
    return name[:-1] + sorted(os.listdir(os.path.join(folder, name[:-1])))[0]


class Format:
    def __init__(self, name, ending, change, seeds, commands, weight=1, forge=None):
        self.name, self.ending, self.mutate, self.seeds = name, ending, change, seeds
        self.commands, self.weight, self.forge = commands, weight, forge


def forge(path, value):
    try:
        with h5py.File(path, "r+") as file:
            file.attrs.modify("digest", np.uint64(value))
        return True
    except (OSError, RuntimeError, ValueError, KeyError):
        return False


IMPORT, DATA, CHECKPOINT = {2, 4}, {4}, {2, 4, 7}
OUT = ["--out", "new.h5"]
TALK = ["--model.name", "token_mlp", "--model.hidden", "[4]"]
TRAIN = ["--epochs", "2", "--no-plots", "--progress", "off"]

TARGETS = [
    Format("dataset", ".h5", mutate_h5.hdf5, ["classes.h5", "named.h5", "images.h5", "targets.h5"], [
        Command("check", ["data", "check", "FILE"], DATA, 5),
        Command("info", ["data", "info", "FILE"], DATA),
        Command("train", ["train", "--data", "FILE", "--out", "new", *TRAIN, *SMALL], {2, 3, 4, 5}, 2),
        Command("eval", ["eval", "GOOD/run", "--data", "FILE"], {2, 4, 5}, seeds=["classes.h5"]),
        Command("predict", ["predict", "GOOD/run", "--data", "FILE", "--out", "new.csv"], {2, 4, 5}, seeds=["classes.h5"]),
        Command("import", ["data", "import", "hdf5", "FILE", "--x", "/train/x", "--y", "/train/y", *OUT], IMPORT),
    ], 4),
    Format("tokens", ".h5", mutate_h5.hdf5, ["text.h5", "pairs.h5"], [
        Command("check", ["data", "check", "FILE"], DATA, 2),
        Command("info", ["data", "info", "FILE"], DATA),
        Command("preview", ["data", "preview", "FILE"], {2, 4}),
        Command("train", ["train", "--data", "FILE", "--out", "new", *TRAIN, *TALK], {2, 3, 4, 5}, 2),
        Command("eval", ["eval", "GOOD/talk", "--data", "FILE"], {2, 4, 5}, seeds=["text.h5"]),
    ], 2),
    Format("text", ".txt", mutate.either(mutate.words), ["words.txt", "pairs.tsv"], [
        Command("text", ["data", "import", "text", "FILE", "--tokens", "8", *OUT], IMPORT),
        Command("merges", ["data", "import", "text", "FILE", "--tokens", "4", "--vocabulary", "264", "--documents", "blank-lines",
                           *OUT], IMPORT),
        Command("pairs", ["data", "import", "pairs", "FILE", *OUT], IMPORT, 1, ["pairs.tsv"]),
        Command("labeled", ["data", "import", "labeled", "FILE", "--tokens", "9", "--long", "skip", *OUT], IMPORT, 1, ["pairs.tsv"]),
    ]),
    Format("checkpoint", ".h5", mutate_h5.hdf5, ["run/last.h5", "run/best.h5", "scg/last.h5", "cnn/last.h5", "talk/last.h5"], [
        Command("eval", ["eval", "FILE", "--data", "GOOD/classes.h5"], CHECKPOINT),
        Command("talk", ["eval", "FILE", "--data", "GOOD/text.h5"], CHECKPOINT, 1, ["talk/last.h5"]),
        Command("init", ["train", "GOOD/run.yaml", "--data", "GOOD/classes.h5", "--init_from", "FILE", "--out", "new"],
                CHECKPOINT | {5}, seeds=["run/last.h5", "run/best.h5"]),
        Command("resume", ["train", "GOOD/run.yaml", "--data", "GOOD/classes.h5", "--epochs", "3", "--out", "run", "--resume"],
                CHECKPOINT | {5}, 3, ["run/last.h5"], "run", "last.h5", ["previous.h5"]),
        Command("resume_scg", ["train", "GOOD/scg.yaml", "--data", "GOOD/targets.h5", "--epochs", "4", "--out", "scg", "--resume"],
                CHECKPOINT | {5}, 1, ["scg/last.h5"], "scg", "last.h5", ["previous.h5"]),
        Command("predict", ["predict", "FILE", "--data", "GOOD/classes.h5", "--out", "new.csv"], CHECKPOINT),
    ], 3, forge),
    Format("idx", ".idx", mutate.either(mutate.idx), ["images.idx", "table.idx"], [
        Command("images", ["data", "import", "idx", "--images", "FILE", "--labels", "GOOD/labels.idx", *OUT], IMPORT, 3),
        Command("labels", ["data", "import", "idx", "--images", "GOOD/images.idx", "--labels", "FILE", *OUT], IMPORT, 2, ["labels.idx"]),
        Command("targets", ["data", "import", "idx", "--images", "GOOD/table.idx", "--labels", "FILE", *OUT], IMPORT, 1, ["table.idx"]),
        Command("test", ["data", "import", "idx", "--images", "GOOD/images.idx", "--labels", "GOOD/labels.idx", "--test-images", "FILE",
                         "--test-labels", "GOOD/labels.idx", "--keep-test", "--split", "80/20/0", *OUT], IMPORT),
    ], 3),
    Format("cifar", ".bin", mutate.either(mutate.cifar), ["ten.cifar", "hundred.cifar"], [
        Command("auto", ["data", "import", "cifar", "FILE", "--split", "50/25/25", *OUT], IMPORT, 2),
        Command("ten", ["data", "import", "cifar", "FILE", "--classes", "10", "--split", "50/25/25", *OUT], IMPORT, 1),
        Command("coarse", ["data", "import", "cifar", "FILE", "--classes", "100", "--labels", "coarse", "--split", "50/25/25", *OUT],
                IMPORT, 1, ["hundred.cifar"]),
    ], 1.5),
    Format("names", ".txt", mutate.words, ["names.txt"], [
        Command("names", ["data", "import", "cifar", "GOOD/ten.cifar", "--names", "FILE", "--split", "50/25/25", *OUT], IMPORT)], 0.5),
    Format("csv", ".csv", mutate.csv, ["plain.csv", "header.csv", "named.csv"], [
        Command("label", ["data", "import", "csv", "FILE", "--label", "9", *OUT], IMPORT, 3, ["plain.csv", "header.csv"]),
        Command("name", ["data", "import", "csv", "FILE", "--label", "kind", "--stratify", *OUT], IMPORT, 2, ["named.csv"]),
        Command("target", ["data", "import", "csv", "FILE", "--target", "1,2", "--ignore", "9", "--type", "f64", *OUT], IMPORT, 1,
                ["plain.csv", "header.csv"]),
        Command("test", ["data", "import", "csv", "GOOD/header.csv", "--test", "FILE", "--label", "label", *OUT], IMPORT, 1, ["header.csv"]),
        Command("semicolon", ["data", "import", "csv", "FILE", "--label", "1", "--separator", ";", "--header", "no", *OUT], IMPORT),
    ], 4),
    Format("hdf5", ".h5", mutate_h5.hdf5, ["table.hdf5", "chunked.hdf5", "images.hdf5"], [
        Command("classes", ["data", "import", "hdf5", "FILE", "--x", "/x", "--y", "/y", "--split", "60/20/20", *OUT], IMPORT, 3),
        Command("regression", ["data", "import", "hdf5", "FILE", "--x", "/x", "--y", "/y", "--regression", *OUT], IMPORT),
        Command("last", ["data", "import", "hdf5", "FILE", "--x", "/x", "--y", "/y", "--channels-last", *OUT], IMPORT, 1, ["images.hdf5"]),
    ], 4),
    Format("yaml", ".yaml", mutate.either(mutate.yaml, 0.15), ["run.yaml", "scg.yaml", "layers.yaml"], [
        Command("config", ["config", "FILE"], {2}, 5),
        Command("dry", ["train", "FILE", "--data", "GOOD/classes.h5", "--dry-run"], {2, 3, 4}, 1),
        Command("grid", ["sweep", "FILE", "--data", "GOOD/targets.h5", "--dry-run"], {2, 3, 4}, 2, ["grid.yaml"]),
    ], 4),
    Format("verdict", ".json", mutate.either(mutate.words), ["lab/W4/verdict.json"], [
        Command("report", ["lab", "report", "lab"], {4}, 1, (), "lab", "W4/verdict.json"),
        Command("list", ["lab", "list", "--out", "lab"], {4}, 1, (), "lab", "W4/verdict.json")], 1),
    Format("points", ".csv", mutate.either(mutate.words), ["lab/W4/curve.csv"], [
        Command("curve", ["lab", "report", "lab"], {3, 4}, 2, (), "lab", "W4/curve.csv"),
        Command("lab", ["lab", "run", "W4", "--quick", "--ranks", "1", "--out", "lab"], {2, 4}, 1, ["lab/W4/points/*"], "lab", "W4/points/*"),
        Command("recipe", ["lab", "run", "W4", "--quick", "--ranks", "1", "--out", "lab"], {2, 4}, 0.5, ["lab/W4/recipe.txt"], "lab",
                "W4/recipe.txt"),
        Command("sweep", ["sweep", "GOOD/grid.yaml", "--data", "sweep/targets.h5", "--out", "sweep"], {2, 4}, 1, ["sweep/points/*"], "sweep",
                "points/*")], 1.5),
    Format("run", ".csv", mutate.either(mutate.words), ["run/metrics.csv"], [
        Command("plot", ["plot", "run"], {2, 4}, 1, (), "run", "metrics.csv"),
        Command("config", ["eval", "run", "--data", "GOOD/classes.h5"], {2, 4, 7}, 1, ["run/config.yaml"], "run", "config.yaml"),
        Command("resume", ["train", "GOOD/run.yaml", "--data", "GOOD/classes.h5", "--epochs", "3", "--out", "run", "--resume"], {2, 4, 7}, 1,
                ["run/result.json"], "run", "result.json")], 1),
]
