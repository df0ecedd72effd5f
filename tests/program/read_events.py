"""read_events.py DIR ...: the scalars of event files, as TensorBoard has them, one line each: file, step, tag, value.
Every checksum is looked at; a broken record ends it with exit code 1."""
import glob, struct, sys

TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    TABLE.append(byte)


def masked_crc(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    while data:
        n, crc = struct.unpack("<QI", data[:12])
        body, tail = data[12:12 + n], data[12 + n:16 + n]
        if crc != masked_crc(data[:8]) or len(body) < n or struct.unpack("<I", tail)[0] != masked_crc(body):
            sys.exit("a record is broken")
        yield body
        data = data[16 + n:]


def varint(data, at):
    value, shift = 0, 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at


def fields(data):
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        size = {1: 8, 5: 4}.get(key & 7)
        if key & 7 == 0:
            value, at = varint(data, at)
        else:
            if size is None:
                size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        yield key >> 3, value


for folder in sys.argv[1:]:
    for path in sorted(glob.glob(glob.escape(folder) + "/events.out.tfevents.*")):
        for record in records(open(path, "rb").read()):
            event = dict(fields(record))
            for _, value in fields(event.get(5, b"")):
                scalar = dict(fields(value))
                print(path, event[2], scalar[1].decode(), repr(struct.unpack("<f", scalar[2])[0]))
