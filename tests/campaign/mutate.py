"""Mutations that know the structure of what they change: bytes, texts, tables, YAML, IDX headers
(mutate_h5.py: HDF5).

Each takes the good bytes and a random.Random, and returns other bytes: the same seed, the same result."""
import gzip
import struct

INTEGERS = [0, 1, 2, 3, 7, 9, 127, 128, 255, 256, 32767, 65535, 65536, 2**24 + 1, 2**31 - 1, 2**31, 2**32 - 1, 2**32,
            10**12, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, -1, -2, -100000, -(2**31), -(2**63)]
REALS = [0.0, -0.0, 0.5, 1.5, -1.0, 1e-300, 1e-45, 1e30, 3.5e38, 1e300, 1.8e308, float("inf"), -float("inf"),
         float("nan")]
HOSTILE = ["", " ", "'", '"', '""', "\\", "\n", "\t", "%s%n", "$(id)", "`id`", "<script>", "=1+1", "-x", "é", "\u202e",
           "\U0001f600", "\x1b[31m", "a" * 70, "a" * 5000, "../../x", "/dev/zero", "nan", "inf", "-inf", "1e999", "0x10",
           "1_000", "1,5", "1.5.2", "--1", "+1", "1e", ".", "٣", "NULL", "None", "NA", "true", "~", "!!", "&a", "*a"]


def number(rng):
    return str(rng.choice(INTEGERS) if rng.random() < 0.6 else rng.choice(REALS))


# ---- bytes -------------------------------------------------------------------------------------------------------


def bytes_(data, rng):
    data = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(data)) if data else 0
        n = rng.choice([1, 2, 4, 8, rng.randint(1, 64), rng.randint(1, 2048)])
        kind = rng.randrange(9)
        if kind == 0 and data:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1 and data:
            data[at] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])
        elif kind == 2:
            data[at:at] = rng.randbytes(n)
        elif kind == 3:
            del data[at:at + n]
        elif kind == 4:
            data[at:at] = data[at:at + n]
        elif kind == 5:
            data = data[:at] if rng.random() < 0.3 else data
        elif kind == 6:
            data += rng.randbytes(n)
        elif kind == 7:
            width = rng.choice([1, 2, 4, 8])
            value = rng.choice(INTEGERS) % (1 << 8 * width)
            data[at:at + width] = value.to_bytes(width, rng.choice(["little", "big"]))
        else:
            data[at:at + n] = bytes([rng.choice([0, 255])]) * n
    return bytes(data)


def zipped(data, rng):
    """As a gzip file, half of the time damaged."""
    packed = gzip.compress(data, mtime=0)
    return bytes_(packed, rng) if rng.random() < 0.5 else packed


# ---- texts -------------------------------------------------------------------------------------------------------


def encoded(text, rng):
    kind = rng.randrange(24)
    if kind < 4:
        return text.encode(["utf-8-sig", "utf-16", "utf-32", "utf-16-le"][kind], "replace")
    if kind == 4:
        return text.encode("latin-1", "replace")
    if kind == 5:
        return text.replace("\n", "\r\n").encode("utf-8", "replace")
    if kind == 6:
        return text.replace("\n", "\r").encode("utf-8", "replace")
    if kind == 7:
        return text.rstrip("\n").encode("utf-8", "replace")
    if kind == 8:
        return zipped(text.encode("utf-8", "replace"), rng)
    if kind == 9:
        return bytes_(text.encode("utf-8", "replace"), rng)
    return text.encode("utf-8", "replace")


def csv(data, rng):
    rows = [line.split(",") for line in data.decode().splitlines()]
    for _ in range(rng.randint(1, 4)):
        row = rng.choice(rows[:3] if rng.random() < 0.4 else rows) if rows else []
        column = rng.randrange(len(row)) if row else 0
        kind = rng.randrange(12)
        if kind < 3 and row:
            row[column] = rng.choice([number(rng), rng.choice(HOSTILE)])
        elif kind == 3 and row:
            row[column] = rng.choice(['"%s"', ' "%s"', '"%s" ', '"%s', '%s"', '"%s"x', '"%s\n"', '"a""%s"', "'%s'"]) % row[column]
        elif kind == 4:
            row.insert(column, number(rng))
        elif kind == 5 and row:
            del row[column]
        elif kind == 6:
            what = rng.choice([number(rng), rng.choice(HOSTILE)])
            for other in rows[rng.randint(0, 1):]:
                if column < len(other):
                    other[column] = what
        elif kind == 7 and rows:
            rows.insert(rng.randrange(len(rows)), list(rng.choice([row, [], [""], ["#"], ["x"] * 9])))
        elif kind == 8 and rows:
            del rows[rng.randrange(len(rows)):][:rng.randint(1, len(rows))]
        elif kind == 9:
            rows.insert(0, [rng.choice(["a", "b", "label", "7", "é", "a b", '"x"', ""]) for _ in range(len(row) or 1)])
        elif kind == 10:
            rows.append([str(rng.random())] * rng.choice([1, 9, 10, 100, 20000]))
        elif row:
            row[column] = row[column].replace(".", ",")
    separator = rng.choice([","] * 8 + [";", "\t", " ", "  ", ", ", " , ", "|", ""])
    return encoded("\n".join(separator.join(row) for row in rows) + "\n", rng)


LONGEST = 1 << 20  # characters of a line


def words(data, rng):
    """Any text: its numbers, words and lines are replaced, doubled, left out."""
    lines = data.decode(errors="replace").splitlines(keepends=True) or [""]
    for _ in range(rng.randint(1, 5)):
        at = rng.randrange(len(lines))
        parts = [p for p in lines[at].split(rng.choice([",", '"', ":", " "])) if p.strip()] or [""]
        kind = rng.randrange(7)
        if kind < 3 and parts[0] is not None:
            part = rng.choice(parts)
            lines[at] = lines[at].replace(part, rng.choice([number(rng), rng.choice(HOSTILE)]), 1) if part else lines[at]
        elif kind == 3:
            lines.insert(at, rng.choice(lines))
        elif kind == 4 and len(lines) > 1:
            del lines[at]
        elif kind == 5:
            line = lines[at].rstrip("\n")
            lines[at] = (line * min(rng.choice([2, 50, 3000]), LONGEST // (len(line) + 1) + 2))[:LONGEST] + "\n"
        else:
            lines = lines[:at + 1]
    return encoded("".join(lines), rng)


# ---- YAML --------------------------------------------------------------------------------------------------------


def yaml_value(rng, depth=0):
    kind = rng.randrange(16)
    if kind < 5:
        return number(rng)
    if kind < 8:
        return rng.choice(HOSTILE)
    if kind == 8:
        n = rng.choice([0, 1, 3, 70]) if depth == 0 else rng.choice([0, 1, 3])
        return "[" + ", ".join(yaml_value(rng, depth + 1) for _ in range(n)) + "]" if depth < 3 else "[]"
    if kind == 9:
        return "{a: " + (yaml_value(rng, depth + 1) if depth < 3 else "1") + "}"
    if kind == 10 and depth == 0:
        return rng.choice(["[" * n + "]" * n for n in (2, 10, 300, 20000)])
    if kind == 11:
        return rng.choice(["!!int x", "!!binary AA==", "!x y", "&a 1", "*a", "&a [*a]", "? x", "- 1", "- - - 1", "|", ">-", "<<", "'x", '"\\u0000"', '"\\x80"'])
    if kind == 12 and depth == 0:
        return "- " * rng.choice([3, 100, 20000]) + "1"
    return rng.choice(["true", "false", "auto", "mlp", "cnn", "cnn5", "resnet18", "adam", "sgd", "scg", "cosine", "patience", "double"])


def yaml(data, rng):
    lines = data.decode().splitlines()
    for _ in range(rng.randint(1, 5)):
        at = rng.randrange(len(lines)) if lines else 0
        kind = rng.randrange(10)
        head = lines[at].split(":")[0] if lines else "data"
        if kind < 5 and lines:
            lines[at] = head + ": " + yaml_value(rng)
        elif kind == 5:
            lines.insert(at, rng.choice([head + ": 1", head.strip() + "x: 1", "---", "...", "%YAML 9.9", "\tx: 1", "<<: *a", "# x", "? " + head, head]))
        elif kind == 6 and lines:
            lines[at] = "  " * rng.randint(0, 3) + lines[at].strip()
        elif kind == 7 and len(lines) > 1:
            del lines[at]
        elif kind == 8:
            n = rng.choice([3, 9, 2000])
            lines += ["a0: &a0 [1, 1]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, n)]
        elif kind == 9 and lines:
            lines[at] = "&x" + str(at) + " " + lines[at]
    return encoded("\n".join(lines) + "\n", rng)


# ---- IDX and CIFAR -----------------------------------------------------------------------------------------------


def idx(data, rng):
    """The magic number, the type, the number of dimensions and the dimensions."""
    data = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        kind = rng.randrange(6)
        if kind == 0:
            data[2] = rng.choice([0, 8, 9, 0xB, 0xC, 0xD, 0xE, 255])
        elif kind == 1:
            data[3] = rng.choice([0, 1, 2, 3, 4, 5, 200, 255])
        elif kind == 2:
            data[4 + 4 * rng.randrange(data[3] % 5 or 1):][:4] = b""
            at = 4 + 4 * rng.randrange(4)
            data[at:at + 4] = struct.pack(">I", rng.choice(INTEGERS) % 2**32)
        elif kind == 3:
            product = rng.choice([(65536, 65536), (2**31, 2), (1, 2**31 - 1), (0, 0), (2**16, 2**15), (3, 0)])
            data[8:16] = struct.pack(">II", *product)
        elif kind == 4:
            data = data[:rng.randrange(max(1, len(data)))]
        else:
            data = bytearray(bytes_(bytes(data), rng))
        if len(data) < 20:
            break
    return zipped(bytes(data), rng) if rng.random() < 0.2 else bytes(data)


def cifar(data, rng):
    data = bytearray(data)
    kind = rng.randrange(6)
    if kind == 0:
        data[3073 * rng.randrange(len(data) // 3073)] = rng.choice([10, 11, 99, 100, 255])
    elif kind == 1:
        data += data[:rng.choice([1, 3072, 3073, 3074])]
    elif kind == 2:
        data = data[:rng.choice([0, 1, 3072, 3073, 3074, 6146])]
    elif kind == 3:
        data[:3073] = b""
    else:
        data = bytearray(bytes_(bytes(data), rng))
    return zipped(bytes(data), rng) if rng.random() < 0.2 else bytes(data)


def either(structured, share=0.25):
    """The mutation that knows the structure, and raw bytes for a share of the cases."""
    return lambda data, rng: bytes_(data, rng) if rng.random() < share else structured(data, rng)
