# SPDX-License-Identifier: Apache-2.0
"""Section 2: reader and writer of the one encoding that each value has.

msgpack's str is Python's str, its bin is bytes, so nothing is mistaken for the
other. The reader is a walker of its own: a general unpacker takes what the
canonical form refuses.
"""

from .reasons import malformed

MAX_DEPTH = 8
MAX_KEY = 64

# The smallest value that may stand in an unsigned or signed form of that width.
_UINT = {0xCC: (1, 0x80), 0xCD: (2, 0x100), 0xCE: (4, 0x10000), 0xCF: (8, 0x100000000)}
_INT = {0xD0: (1, -0x20), 0xD1: (2, -0x80), 0xD2: (4, -0x8000), 0xD3: (8, -0x80000000)}
# Headers with a length: bytes of the length, least length that needs it.
_STR = {0xD9: (1, 32), 0xDA: (2, 0x100), 0xDB: (4, 0x10000)}
_BIN = {0xC4: (1, 0), 0xC5: (2, 0x100), 0xC6: (4, 0x10000)}
_ARRAY = {0xDC: (2, 16), 0xDD: (4, 0x10000)}
_MAP = {0xDE: (2, 16), 0xDF: (4, 0x10000)}


class _Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, count):
        if count > len(self.data) - self.at:
            raise malformed("ends too early")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, width, least):
        value = int.from_bytes(self.take(width), "big")
        if value < least:
            raise malformed("a shorter form exists")
        return value

    def fits(self, count, each):
        if count * each > len(self.data) - self.at:
            raise malformed("a count beyond the end")
        return count

    def text(self, length):
        try:
            value = self.take(length).decode("utf-8", "strict")
        except UnicodeDecodeError:
            raise malformed("not UTF-8") from None
        if "\0" in value:
            raise malformed("U+0000 in a str")
        return value

    def array(self, count, depth):
        if depth >= MAX_DEPTH:
            raise malformed("nested too deep")
        self.fits(count, 1)
        return [self.value(depth + 1) for _ in range(count)]

    def map(self, count, depth):
        if depth >= MAX_DEPTH:
            raise malformed("nested too deep")
        self.fits(count, 2)
        result = {}
        before = None
        for _ in range(count):
            key = self.value(depth + 1)
            if not isinstance(key, str):
                raise malformed("a key that is not a str")
            raw = key.encode()
            if not 1 <= len(raw) <= MAX_KEY:
                raise malformed("a key of a wrong length")
            if before is not None and raw <= before:
                raise malformed("keys out of order")
            before = raw
            result[key] = self.value(depth + 1)
        return result

    def value(self, depth):
        head = self.take(1)[0]
        if head <= 0x7F:
            return head
        if head >= 0xE0:
            return head - 0x100
        if head <= 0x8F:
            return self.map(head & 0x0F, depth)
        if head <= 0x9F:
            return self.array(head & 0x0F, depth)
        if head <= 0xBF:
            return self.text(head & 0x1F)
        if head == 0xC0:
            return None
        if head in (0xC2, 0xC3):
            return head == 0xC3
        if head in _UINT:
            return self.number(*_UINT[head])
        if head in _INT:
            width, bound = _INT[head]
            value = int.from_bytes(self.take(width), "big", signed=True)
            if value >= bound:
                raise malformed("a shorter or unsigned form exists")
            return value
        if head in _STR:
            return self.text(self.number(*_STR[head]))
        if head in _BIN:
            return bytes(self.take(self.number(*_BIN[head])))
        if head in _ARRAY:
            return self.array(self.number(*_ARRAY[head]), depth)
        if head in _MAP:
            return self.map(self.number(*_MAP[head]), depth)
        raise malformed(f"type {head:#04x} is not allowed")


def decode(data):
    """The value that `data` is the canonical form of; raises Refused (malformed)."""
    reader = _Reader(bytes(data))
    value = reader.value(0)
    if reader.at != len(reader.data):
        raise malformed("something follows the value")
    return value


def _head(length, forms, fix, fix_limit):
    if fix is not None and length < fix_limit:
        return bytes([fix | length])
    for head, (width, _) in forms.items():
        if length < 1 << 8 * width:
            return bytes([head]) + length.to_bytes(width, "big")
    raise ValueError("too long")


def _encode_int(value):
    if 0 <= value <= 0x7F or -0x20 <= value < 0:
        return bytes([value & 0xFF])
    for head, (width, _) in (_UINT if value >= 0 else _INT).items():
        try:
            return bytes([head]) + value.to_bytes(width, "big", signed=value < 0)
        except OverflowError:
            continue
    raise ValueError("an integer beyond 64 bits")


def _encode(value, depth):
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return _encode_int(value)
    if isinstance(value, str):
        raw = value.encode("utf-8")
        if b"\0" in raw:
            raise ValueError("U+0000 in a str")
        return _head(len(raw), _STR, 0xA0, 32) + raw
    if isinstance(value, (bytes, bytearray)):
        return _head(len(value), _BIN, None, 0) + bytes(value)
    if depth >= MAX_DEPTH and isinstance(value, (list, tuple, dict)):
        raise ValueError("nested too deep")
    if isinstance(value, (list, tuple)):
        return (_head(len(value), _ARRAY, 0x90, 16)
                + b"".join(_encode(item, depth + 1) for item in value))
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-8"))
        if any(not 1 <= len(key.encode("utf-8")) <= MAX_KEY for key in keys):
            raise ValueError("a key of a wrong length")
        return _head(len(keys), _MAP, 0x80, 16) + b"".join(
            _encode(key, depth + 1) + _encode(value[key], depth + 1) for key in keys)
    raise ValueError(f"{type(value).__name__} has no canonical form")


def encode(value):
    """The canonical form of a value; raises ValueError when it has none."""
    return _encode(value, 0)
