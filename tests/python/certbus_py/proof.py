# SPDX-License-Identifier: Apache-2.0
"""Section 4: hashes, the Merkle tree, the 83 bytes that are signed, the code."""

import hashlib

import nacl.bindings
import nacl.exceptions

from .reasons import Refused

MESSAGE, APPROVAL, CREDENTIAL, SUCCESSION, COUNTERSIGN, ENROLMENT = range(1, 7)
ROOT, POLICY, REVOCATION, REQUEST, REPLY = range(7, 12)

MAX_BATCH = 65536
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def H(data):
    return hashlib.blake2b(data, digest_size=32).digest()


def leaf_hash(data):
    return H(b"\x00" + data)


def node_hash(left, right):
    return H(b"\x01" + left + right)


def _split(count):
    return 1 << (count - 1).bit_length() - 1


def tree_root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    k = _split(len(leaves))
    return node_hash(tree_root(leaves[:k]), tree_root(leaves[k:]))


def tree_path(leaves, index):
    """The siblings of a leaf, from the leaf upwards."""
    if len(leaves) == 1:
        return []
    k = _split(len(leaves))
    if index < k:
        return tree_path(leaves[:k], index) + [tree_root(leaves[k:])]
    return tree_path(leaves[k:], index - k) + [tree_root(leaves[:k])]


def root_of(leaf, index, size, path):
    """The root that a path leads to (RFC 9162, 2.1.3.2); refuses with bad-proof."""
    if not 1 <= size <= MAX_BATCH:
        raise Refused("bad-proof", "tree size")
    if index >= size:
        raise Refused("bad-proof", "index not below the size")
    fn, sn, root = index, size - 1, leaf
    for node in path:
        if sn == 0:
            raise Refused("bad-proof", "path too long")
        if fn & 1 or fn == sn:
            root = node_hash(node, root)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            root = node_hash(root, node)
        fn >>= 1
        sn >>= 1
    if sn:
        raise Refused("bad-proof", "path too short")
    return root


def signing_bytes(purpose, signer, size, root):
    data = (b"certbus/1\x00" + bytes([purpose]) + signer
            + size.to_bytes(8, "big") + root)
    assert len(data) == 83
    return data


class Verifier:
    """Ed25519 with a cache keyed by everything that went into the answer."""

    LIMIT = 4096

    def __init__(self):
        self._good = set()

    def forget(self):
        """To be called when a revocation has been taken in."""
        self._good.clear()

    def check(self, key, signature, purpose, signer, size, root):
        data = signing_bytes(purpose, signer, size, root)
        entry = (data, key, signature)
        if entry in self._good:
            return True
        try:
            nacl.bindings.crypto_sign_open(signature + data, key)
        except (nacl.exceptions.CryptoError, ValueError):
            return False
        if len(self._good) >= self.LIMIT:
            self._good.clear()
        self._good.add(entry)
        return True


def x25519_of(key):
    """The X25519 form of an Ed25519 key, None when it is no good one."""
    try:
        return nacl.bindings.crypto_sign_ed25519_pk_to_curve25519(key)
    except (nacl.exceptions.CryptoError, ValueError):
        return None


class SigningKey:
    """An Ed25519 pair from its seed of 32 bytes."""

    def __init__(self, seed):
        self.seed = seed
        self.public, self._secret = nacl.bindings.crypto_sign_seed_keypair(seed)

    def sign(self, purpose, signer, size, root):
        data = signing_bytes(purpose, signer, size, root)
        return nacl.bindings.crypto_sign(data, self._secret)[:64]

    def x25519_public(self):
        return nacl.bindings.crypto_sign_ed25519_pk_to_curve25519(self.public)

    def x25519_secret(self):
        return nacl.bindings.crypto_sign_ed25519_sk_to_curve25519(self._secret)


def code_of(digest):
    """The first 80 bits, for two people to compare."""
    bits = int.from_bytes(digest[:10], "big")
    text = "".join(_ALPHABET[bits >> shift & 31] for shift in range(75, -1, -5))
    return "-".join(text[at:at + 4] for at in range(0, 16, 4))


def read_code(typed):
    """What somebody typed, as code_of writes it; None when it is no code."""
    if not typed.isascii():
        return None
    plain = typed.upper().replace("-", "")
    plain = plain.replace("O", "0").replace("I", "1").replace("L", "1")
    if len(plain) != 16 or any(symbol not in _ALPHABET for symbol in plain):
        return None
    return "-".join(plain[at:at + 4] for at in range(0, 16, 4))
