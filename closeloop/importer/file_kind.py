"""What a file is by its first bytes, where that cannot be read as lines: what to do with it instead."""

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_KINDS = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook; unpack it, or save the sheet as CSV UTF-8"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook; save the sheet as CSV UTF-8"),
    (b"PAR1", "a Parquet file; give it as a file whose name ends in .parquet"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd; unpack it first: zstd -dc FILE | closeloop import -"),
    (b"\xfd7zXZ\x00", "packed by xz; unpack it first: xz -dc FILE | closeloop import -"),
    (b"BZh", "packed by bzip2; unpack it first: bzip2 -dc FILE | closeloop import -"),
)


def unreadable(start: bytes, *, table: bool) -> str | None:
    """What a file that begins so is and what to do; ``None`` for one that can be text of lines."""
    for mark, text in _KINDS:
        if start.startswith(mark):
            return text
    if not table and start.startswith(_UTF16):
        return "UTF-16, and JSON is UTF-8; convert it first: iconv -f UTF-16 -t UTF-8 FILE | closeloop import -"
    return None
