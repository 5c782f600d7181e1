"""Splits a GGUF file in two, as llama.cpp's own tools do it."""

import struct

SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values[0] if len(values) == 1 else values

    def text(self):
        length = self.take("Q")
        self.at += length
        return self.data[self.at - length : self.at]

    def skip_value(self, kind):
        if kind == 8:
            self.text()
        elif kind == 9:
            kind, count = self.take("IQ")
            for _ in range(count) if kind in (8, 9) else ():
                self.skip_value(kind)
            self.at += 0 if kind in (8, 9) else SIZES[kind] * count
        else:
            self.at += SIZES[kind]


def counted(text):
    return struct.pack("<Q", len(text)) + text


def padded(data, to=32):
    return data + bytes(-len(data) % to)


def split(file, folder):
    """Writes `m-00001-of-00002.gguf` and its fellow; returns their paths."""
    data = file.read_bytes()
    reader = Reader(data)
    magic, version, tensors, keys = reader.take("4sIQQ")
    assert (magic, version) == (b"GGUF", 3)
    begin = reader.at
    for _ in range(keys):
        reader.text()
        reader.skip_value(reader.take("I"))
    metadata = data[begin : reader.at]
    infos = []
    for _ in range(tensors):
        name = reader.text()
        shape = reader.data[reader.at : reader.at + 4 + 8 * struct.unpack_from("<I", data, reader.at)[0]]
        reader.at += len(shape)
        kind, offset = reader.take("IQ")
        infos.append((name, shape, kind, offset))
    start = reader.at + -reader.at % 32
    ends = sorted(offset for *_, offset in infos) + [len(data) - start]
    paths = []
    for number, part in enumerate([infos[: tensors // 2], infos[tensors // 2 :]]):
        of_split = [(b"split.no", 2, "H", number), (b"split.count", 2, "H", 2), (b"split.tensors.count", 5, "i", tensors)]
        head = b"".join(counted(key) + struct.pack("<I" + form, kind, value) for key, kind, form, value in of_split)
        count = 3 + (keys if number == 0 else 0)
        header = struct.pack("<4sIQQ", b"GGUF", 3, len(part), count) + (metadata if number == 0 else b"") + head
        body = b""
        for name, shape, kind, offset in part:
            header += counted(name) + shape + struct.pack("<IQ", kind, len(body))
            body += padded(data[start + offset : start + ends[ends.index(offset) + 1]])
        path = folder / f"m-0000{number + 1}-of-00002.gguf"
        path.write_bytes(padded(header) + body)
        paths.append(path)
    return paths
