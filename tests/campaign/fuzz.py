"""A fuzzer for every file that tren reads: see --help. The mutations are in mutate.py and mutate_h5.py, the files and commands in targets.py."""
import argparse
import concurrent.futures
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from targets import TARGETS, Good

DESCRIPTION = """Changes good files, gives each to a command of tren, and checks that the command ends in time, with an exit code
that its documentation names, without a signal or a sanitizer report, without half-made files, and, where it refuses
the file, with one message that says what is wrong and what to do. Case I of seed S is the same on every machine;
a file that fails is kept in DIR as FORMAT.COMMAND.S-I.ENDING with its command beside it, in a file .txt."""

MEMORY = 4 << 20  # KiB of address space of a build without sanitizers
OWN_MEMORY = 2 << 30  # bytes of this script's own; its children raise the limit again
SECONDS = 20

SPEAKS = re.compile(r"^tren(?: [a-z0-9-]+){0,3}(?: \(rank \d+\))?: (?!warning|note)(.*)")
BARE = re.compile(r"\b(damaged|invalid|malformed|corrupt(ed)?|wrong|bad|failed|unexpected|undefined \w+|such dataset)\W*$")
# What to do, or what would be right, after a first clause that says what is wrong.
REMEDY = re.compile(r"[;:,(?] ?.*\b(give|use|make|import|choose|name|copy|remove|delete|set|start|train|is it|did you mean|expected|must|"
                    r"fix|lower|move|resume|show|call|see|indent|clean|write|add|leave|wait|raise|run|at most|at least|correct|"
                    r"convert|unpack|replace|check|save|one of|put|install|needs|a config is|rename|ignore|reshape|begin|the keys of|"
                    r"--allow-external)\b")
NAMES = re.compile(r"case\.|\b\w+/\w+|sweep|'[^']*'|--[a-z]|\b[a-z_]+(\.[a-z_]+)+\b|\b(data|epochs|grid|dropout|batch_size|shards|split|gnuplot)\b")


def faults_of_message(text):
    """Why this is not what a user should be told; an empty list when it is."""
    said = [m.group(1) for m in map(SPEAKS.match, text.splitlines()) if m]
    if len(said) != 1:
        return [f"{len(said)} messages, not 1"]
    faults = []
    if text.count(said[0]) and len(text[text.index(said[0]):].strip().splitlines()) > 1:
        faults.append("the message has more than one line")
    if not NAMES.search(said[0]):
        faults.append("the message names neither file nor key")
    if BARE.search(said[0]) or not REMEDY.search(said[0]):
        faults.append("the message has no remedy")
    if any(ord(c) < 32 or ord(c) == 127 for c in said[0]):
        faults.append("the message has control characters")
    return faults


class Runner:
    def __init__(self, options, with_lab):
        self.tren = os.path.abspath(options.tren)
        self.good = Good(self.tren, options.work, with_lab)
        self.work = options.work
        self.keep, self.kept = os.path.abspath(options.keep), {}
        self.sanitized = b"__asan_init" in open(self.tren, "rb").read()
        self.environment = dict(os.environ, OMPI_MCA_btl_base_warn_component_unused="0",
                                ASAN_OPTIONS="detect_leaks=0:exitcode=99:max_allocation_size_mb=2048:hard_rss_limit_mb=2048:"
                                             "allocator_may_return_null=1:handle_abort=1",
                                UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1:exitcode=99")

    def start(self, arguments, folder):
        """Exit code, or None for one that had to be killed; and what was said."""
        limit = "ulimit -S -v unlimited; " if self.sanitized else f"ulimit -v {MEMORY}; "
        process = subprocess.Popen(["bash", "-c", limit + 'ulimit -c 0; exec "$@"', "tren", *arguments], cwd=folder, env=self.environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        try:
            out, err = process.communicate(timeout=SECONDS)
            code = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            code = None
        return code, out.decode(errors="replace"), err.decode(errors="replace")

    def faults(self, command, code, out, err, folder):
        if code is None:
            return [f"hangs: not done after {SECONDS} s"]
        report = re.search(r".*(ERROR: AddressSanitizer|runtime error:|CHECK failed).*", err)
        if report or code == 99:
            return ["sanitizer: " + (report.group(0) if report else "exit code 99")]
        if code < 0 or code > 128 or "*** Process received signal ***" in err:
            return [f"dies of a signal, exit code {code}"]
        faults = [] if code == 0 or code in command.codes else [f"exit code {code}, which is not documented for this command"]
        if code:
            faults += faults_of_message(err)
        left = [f for _, _, files in os.walk(folder) for f in files if f.endswith(".tmp")]
        if left:
            faults.append(f"temporary files are left: {left}")
        if code and os.path.exists(os.path.join(folder, "new.h5")):
            faults.append("a refused import leaves its output")
        return faults

    def run(self, format_, command, data, name):
        """Gives the bytes to the command. Returns (faults, exit code, what was said)."""
        folder = tempfile.mkdtemp(dir=self.work)
        try:
            path = command.place(self.good, folder, data, format_.ending)
            arguments = command.arguments(self.tren, self.good, path)
            code, out, err = self.start(arguments, folder)
            # A checkpoint with a valid digest goes further: the refusal tells which one that is.
            forged = re.search(r"content has digest ([0-9a-f]{16})", err)
            if forged and format_.forge and format_.forge(path, int(forged.group(1), 16)):
                code, out, err = self.start(arguments, folder)
                with open(path, "rb") as file:
                    data = file.read()
            faults = self.faults(command, code, out, err, folder)
            if faults and name:
                self.save(format_, command, data, name, arguments, faults, code, out + err)
            return faults, code, out + err
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def save(self, format_, command, data, name, arguments, faults, code, said):
        """Three of each kind are enough."""
        kind = line_of(format_, command, faults, said)
        kind = re.sub(r"'[^']*'|/tmp\S+|0x[0-9a-f]+|[0-9]+", "N", kind.replace(command.name, ""))
        self.kept[kind] = self.kept.get(kind, 0) + 1
        if self.kept[kind] > 3:
            return
        os.makedirs(self.keep, exist_ok=True)
        path = os.path.join(self.keep, f"{format_.name}.{command.name}.{name}{format_.ending}")
        with open(path, "wb") as out:
            out.write(data)
        with open(path + ".txt", "w") as out:
            out.write("\n".join(faults) + f"\nexit code {code}\n$ {' '.join(arguments)}\n{said[-6000:]}\n")


def line_of(format_, command, faults, said):
    messages = [line for line in said.splitlines() if SPEAKS.match(line)] or said.strip().splitlines()[-1:] or [""]
    return f"{format_.name}.{command.name}: {'; '.join(faults) or 'ok'} | {messages[0][:300]}"


def case(runner, seed, i, formats):
    """Case i: which format, which command and which change are functions of the seed and i alone."""
    rng = random.Random(f"{seed}/{i}")
    format_ = rng.choices(formats, [f.weight for f in formats])[0]
    command = rng.choices(format_.commands, [c.weight for c in format_.commands])[0]
    good = runner.good.read(rng.choice(command.seeds or format_.seeds))
    data = format_.mutate(good, rng)
    return format_, command, *runner.run(format_, command, data, f"{seed}-{i}")


class Report:
    """What came out, counted."""

    def __init__(self, verbose):
        self.verbose = verbose
        self.codes, self.faults, self.done = {}, 0, 0

    def add(self, name, result):
        format_, command, faults, code, said = result
        key = f"{format_.name}.{command.name}", code
        self.codes[key] = self.codes.get(key, 0) + 1
        self.done += 1
        self.faults += bool(faults)
        if faults or self.verbose:
            line = line_of(format_, command, faults, said)
            print(f"{'FAULT' if faults else 'ok'} {name} {line}" + ("" if faults else f" | {code}"), flush=True)

    def summary(self):
        by_command = {}
        for (name, code), n in sorted(self.codes.items(), key=str):
            by_command.setdefault(name, []).append(f"{n} x {'hang' if code is None else code}")
        for name, codes in by_command.items():
            print(f"{name:20} exit codes {', '.join(codes)}")
        return f"{self.faults} with faults"


def campaign(runner, options, formats):
    report, begin = Report(options.verbose), time.monotonic()

    def due():
        return not options.seconds or time.monotonic() - begin < options.seconds

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        waiting, numbers = set(), iter(range(options.first, options.first + options.n))
        while True:
            while len(waiting) < 2 * options.jobs and due() and (i := next(numbers, None)) is not None:
                task = pool.submit(case, runner, options.seed, i, formats)
                task.number = i
                waiting.add(task)
            if not waiting:
                break
            ended, waiting = concurrent.futures.wait(waiting, return_when=concurrent.futures.FIRST_COMPLETED)
            for task in ended:
                report.add(task.number, task.result())
    return report, time.monotonic() - begin


def replay(runner, paths, verbose):
    """Files that failed once: their names tell format and command."""
    report = Report(verbose)
    folders = [os.path.join(p, f) for p in paths if os.path.isdir(p) for f in sorted(os.listdir(p))]
    for path in folders + [p for p in paths if os.path.isfile(p)]:
        parts = os.path.basename(path).split(".")
        format_ = next((f for f in TARGETS if f.name == parts[0] and "." + parts[-1] == f.ending), None)
        command = next((c for c in format_.commands if c.name == parts[1]), None) if format_ else None
        if not command:
            continue
        with open(path, "rb") as file:
            report.add(os.path.basename(path), (format_, command, *runner.run(format_, command, file.read(), None)))
    return report


def main():
    parser = argparse.ArgumentParser(description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tren", help="the program; best one built with the preset asan")
    parser.add_argument("--n", type=int, help="executions, 10000 by default; after --replay, none")
    parser.add_argument("--first", type=int, default=0, help="number of the first case; with --n 1, that case alone")
    parser.add_argument("--seconds", type=float, default=0, help="begin no execution after this time")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1), help="executions at a time")
    parser.add_argument("--formats", default="", help="some of " + ",".join(f.name for f in TARGETS))
    parser.add_argument("--keep", default="fuzz-failures", metavar="DIR")
    parser.add_argument("--replay", nargs="*", metavar="PATH", help="files, or folders of files, that were kept: run these first")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (OWN_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    formats = [f for f in TARGETS if not options.formats or f.name in options.formats.split(",")]
    with tempfile.TemporaryDirectory() as options.work:
        runner = Runner(options, any(f.name in ("verdict", "points") for f in formats))
        faults = 0
        if options.replay:
            report = replay(runner, options.replay, options.verbose)
            faults = report.faults
            print(f"{report.done} kept cases, {report.summary()}", flush=True)
        if options.n is None:
            options.n = 0 if options.replay and not options.seconds else 10000
        if options.n:
            report, seconds = campaign(runner, options, formats)
            kind = "sanitizers" if runner.sanitized else "no sanitizers"
            print(f"{report.done} executions ({kind}, seed {options.seed}) in {seconds:.0f} s, {report.summary()}")
            faults += report.faults
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
