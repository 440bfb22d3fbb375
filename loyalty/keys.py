"""One spelling for values and one number for texts: what keys and hashes are made of."""

import hashlib
import json
from typing import Any

_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
#: The largest amount or id that a column holds.
LARGEST = 2**63 - 1


def dumps(value: Any) -> str:
    """JSON in one spelling: equal values give equal text."""
    return _JSON.encode(value)


def digest(*parts: str) -> int:
    """A positive 63-bit number from texts: the same texts give the same number, on every machine.

    It names what a client can send twice, so that identity needs no sequence over shards.
    """
    packed = "\x1f".join(parts).encode()
    return int.from_bytes(hashlib.blake2b(packed, digest_size=8).digest(), "big") >> 1
