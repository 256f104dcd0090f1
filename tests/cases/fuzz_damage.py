"""Damage to files: bytes and JSON altered at random."""
import json
import struct


def flipped(data, rng):
    """Some bits or bytes altered, a piece cut out, doubled or set to one value, or the end cut off."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5))):
        place, size = rng.randrange(len(data)), rng.choice((1, 4, 8, 30))
        kind = rng.randrange(6)
        if kind == 0:
            data[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[place:place + size] = bytes(rng.randrange(256) for _ in range(size))
        elif kind == 2:
            data[place:place + size] = rng.choice((b'\0', b'\xff', b'\x7f')) * size
        elif kind == 3:
            del data[place:place + size]
        elif kind == 4:
            data[place:place] = data[place:place + size]
        else:
            place = rng.randrange(max(1, len(data) - 4))
            data[place:place + 4] = struct.pack('<I', rng.choice((0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 65536)))
        data = data or bytearray(b'x')
    return bytes(data[:rng.randrange(1, len(data) + 1)] if rng.random() < 0.1 else data)


VALUES = [0, 1, -1, 2, 7, 255, 2 ** 31 - 1, 2 ** 31, 2 ** 40, 2 ** 63, -2 ** 31, 10 ** 25, 1.5, 1e308, None, True, '',
          'x', '()', '(1, 1)', '(0, 0)', '(-1, 3)', '1' * 25, '2147483647', '-1', 'nan', [], [0], {}, {'a': 1}, [[[]]]]


def altered(value, rng, depth=0):
    """A JSON value with one of its parts another."""
    if depth > 6 or not isinstance(value, (list, dict)) or not value or rng.random() < 0.08:
        return rng.choice(VALUES)
    value = dict(value) if isinstance(value, dict) else list(value)
    key = rng.choice(sorted(value)) if isinstance(value, dict) else rng.randrange(len(value))
    kind = rng.random()
    if kind < 0.05:
        del value[key]
    elif kind < 0.1 and isinstance(value, list):
        value.insert(key, rng.choice(value))
    elif kind < 0.1:
        value[rng.choice(('op', 'x', 'inputs', 'size'))] = value[key]
    else:
        value[key] = altered(value[key], rng, depth + 1)
    return value


def altered_json(text, rng):
    if rng.random() < 0.3:
        return flipped(text.encode(), rng)
    value = json.loads(text)
    for _ in range(rng.choice((1, 1, 2))):
        value = altered(value, rng)
    return json.dumps(value).encode()


def write(path, data):
    with open(path, 'wb') as file:
        file.write(data)


def read(path):
    with open(path, 'rb') as file:
        return file.read()
