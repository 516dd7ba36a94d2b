"""Takes symbol tables and debugging sections out of shared libraries: one wheel ships 20 MB of them for 1 MB of code.

The loader reads program headers alone; sections behind the last byte that a program header covers are for debuggers
(ELF-64 Object File Format; `strip` does the same, but knows only its own machine's libraries).
"""

import struct
from pathlib import Path

MAGIC = b"\x7fELF\x02\x01"  # 64 bits, little-endian
PROGRAM_OFFSET, SECTION_OFFSET = 32, 40  # of e_phoff and e_shoff
PROGRAM_SIZE, PROGRAM_COUNT = 54, 56  # of e_phentsize and e_phnum
SECTION_COUNT = 60  # of e_shnum, followed by e_shstrndx
WORTH = 0.9  # a file is written again only when it becomes this much smaller


def without_sections(image: bytes) -> bytes:
    """The library up to its last loaded byte, without a section table; unchanged when that saves little."""
    if not image.startswith(MAGIC):
        return image
    (start,) = struct.unpack_from("<Q", image, PROGRAM_OFFSET)
    size, count = struct.unpack_from("<HH", image, PROGRAM_SIZE)
    end = start + size * count
    for place in range(start, end, size):
        offset, stored = struct.unpack_from("<Q16xQ", image, place + 8)  # p_offset, p_filesz
        end = max(end, offset + stored)
    if end >= len(image) * WORTH:
        return image
    kept = bytearray(image[:end])
    struct.pack_into("<Q", kept, SECTION_OFFSET, 0)
    struct.pack_into("<HH", kept, SECTION_COUNT, 0, 0)
    return bytes(kept)


def strip_libraries(folder: Path) -> int:
    """Do it to every library below a folder; how many bytes that saved."""
    saved = 0
    for path in sorted(folder.rglob("*.so*")):
        image = path.read_bytes()
        kept = without_sections(image)
        if len(kept) < len(image):
            path.write_bytes(kept)
            saved += len(image) - len(kept)
    return saved
