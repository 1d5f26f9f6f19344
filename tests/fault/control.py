"""The steering of faults.cpp: the file that it and the test both map, and the environment that loads it."""

import mmap
import os
import signal
import struct
from pathlib import Path

FIELDS = ("calls", "signal", "before", "after", "full_from", "full_until", "refused", "clock_ms", "jump_at", "jump_ms")
TRACE_MAX = 65536
SIZE = 8 * len(FIELDS) + TRACE_MAX
FOREVER = 2**62
KINDS = {"w": "write", "s": "sync", "t": "truncate", "r": "rename", "u": "removal", "m": "new folder", "o": "new file"}
NEED_ROOM = "wtsmo"


class Faults:
    """Of one program under test. Calls are numbered from 1 since reset()."""

    def __init__(self, path, binaries, watched):
        self.path, self.library, self.watched = Path(path), Path(binaries) / "libbackstay_faults.so", watched
        if not self.library.exists():
            raise SystemExit(f"{self.library} is not there: scripts/build dev")
        self.path.write_bytes(bytes(SIZE))
        with open(self.path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), SIZE)

    def environment(self):
        return {**os.environ, "LD_PRELOAD": str(self.library), "BACKSTAY_FAULT_FILE": str(self.path),
                "BACKSTAY_FAULT_DIRS": ":".join(str(folder) for folder in self.watched)}

    def get(self, field):
        return struct.unpack_from("<q", self.map, 8 * FIELDS.index(field))[0]

    def set(self, **values):
        for field, value in values.items():
            struct.pack_into("<q", self.map, 8 * FIELDS.index(field), value)

    def reset(self):
        """No fault any more; the clock stays where it was put."""
        self.set(**{field: 0 for field in FIELDS if field != "clock_ms"})

    def end_at(self, call, when, number=signal.SIGKILL):
        self.set(signal=number, **{when: call})

    def trace(self):
        """What each call so far was, a letter each."""
        count = min(self.get("calls"), TRACE_MAX)
        return self.map[8 * len(FIELDS):8 * len(FIELDS) + count].decode()

    def close(self):
        self.map.close()
