"""Bodies that come compressed: unpacked up to a limit and never beyond it, whatever they claim to hold. Pure."""

import sys
import zlib

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ENCODINGS = "gzip, zstd"
_GZIP = zlib.MAX_WBITS | 16
_WINDOW_LOG = 23
"""8 MB, the most that RFC 9659 lets a sender of Content-Encoding: zstd ask for."""
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
    parts = 0
    while body or not parts:
        parts += 1
        if parts > _PARTS:
            raise BrokenError
        more, body = (_gzip if encoding == "gzip" else _zstd)(body, limit + 1 - len(out))
        out += more
        if len(out) > limit:
            raise TooLargeError
    return bytes(out)


def _gzip(body: bytes, room: int) -> tuple[bytes, bytes]:
    """One member's content, no more than there is room for, and what comes behind it."""
    member = zlib.decompressobj(_GZIP)
    try:
        out = member.decompress(body, room)
    except zlib.error:
        raise BrokenError from None
    if not member.eof and len(out) < room:
        raise BrokenError  # it ends early
    return out, member.unused_data


def _zstd(body: bytes, room: int) -> tuple[bytes, bytes]:
    """The same of a zstd frame."""
    frame = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})
    try:
        out = frame.decompress(body, room)
    except zstd.ZstdError:
        raise BrokenError from None
    if not frame.eof and len(out) < room:
        raise BrokenError
    return out, frame.unused_data
