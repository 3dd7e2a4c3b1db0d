"""Bodies that come compressed: unpacked up to a limit and never beyond it, whatever they claim to hold. Pure."""

import sys
import zlib
from typing import Protocol

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ENCODINGS = "gzip, zstd"
_GZIP = zlib.MAX_WBITS | 16
_WINDOW_LOG = 23
"""8 MB, the most that RFC 9659 lets a sender of Content-Encoding: zstd ask for."""
_STEP_BYTES = 64 * 1024
_PARTS = 1_000
"""Members of a gzip body, frames of a zstd body: more are no batch of events."""


class NotReadError(Exception):
    """A Content-Encoding that is not read here; the text says what is."""


class BrokenError(Exception):
    """A body that is not what its Content-Encoding says."""


class TooLargeError(Exception):
    """A body that would be larger than the limit."""


def known_encoding(header: str) -> str:
    """``gzip``, ``zstd``, or empty for a body that is not compressed. Raises :class:`NotReadError`."""
    named = [name.strip().lower() for name in header.split(",")]
    named = [name for name in named if name not in ("", "identity")]
    if len(named) > 1:
        raise NotReadError("only one encoding at a time is read; compress the body once, with gzip or zstd")
    if not named:
        return ""
    if named[0] in ("gzip", "x-gzip"):
        return "gzip"
    if named[0] == "zstd":
        return "zstd"
    raise NotReadError("not an encoding that is read here; send gzip, zstd, or none")


def unpack(encoding: str, body: bytes, limit: int) -> bytes:
    """The body as it was before it was compressed. Raises :class:`BrokenError`, :class:`TooLargeError`."""
    out = bytearray()
    rest = memoryview(body)
    parts = 0
    while rest or not parts:
        parts += 1
        if parts > _PARTS:
            raise BrokenError
        rest = rest[_unpack_part(_decompressor(encoding), rest, out, limit) :]
    return bytes(out)


class _Decompressor(Protocol):
    """What zlib's and zstd's objects have in common. One reads one member, or one frame, to its end."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: memoryview, max_length: int, /) -> bytes: ...


def _decompressor(encoding: str) -> _Decompressor:
    if encoding == "gzip":
        return zlib.decompressobj(_GZIP)
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})


def _unpack_part(part: _Decompressor, body: memoryview, out: bytearray, limit: int) -> int:
    """Unpack the first member onto ``out``; how many bytes of the body it had.

    It is fed step by step: what comes behind its end is copied, which may be the whole body for each small member.
    """
    fed = 0
    while not part.eof:
        step = body[fed : fed + _STEP_BYTES]
        if not step:
            raise BrokenError  # it ends early
        fed += len(step)
        try:
            out += part.decompress(step, limit + 1 - len(out))
        except (zlib.error, zstd.ZstdError):
            raise BrokenError from None
        if len(out) > limit:
            raise TooLargeError
    return fed - len(part.unused_data)
