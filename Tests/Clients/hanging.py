"""A file system whose reads never come back, as those of a network mount that
has died: the FUSE protocol (linux/fuse.h, 7.31) over /dev/fuse, just enough of
it for one regular file. As on NFS, a signal ends the read of a process."""

import ctypes
import os
import struct
import threading

_libc = ctypes.CDLL(None, use_errno=True)

LOOKUP, FORGET, GETATTR, OPEN, READ, INIT, ACCESS, INTERRUPT, BATCH_FORGET = 1, 2, 3, 14, 15, 26, 34, 36, 42
ENOENT, EINTR, ENOSYS = 2, 4, 38


def is_possible():
    return os.geteuid() == 0 and os.path.exists("/dev/fuse")


class HangingFile:
    """A file that hangs: `with HangingFile(folder, "keys.yaml") as path:`. The file can be opened and has a size, but a
    read never returns."""

    def __init__(self, folder, name, size=100):
        self.folder, self.name, self.size = str(folder), name.encode(), size

    def __enter__(self):
        os.makedirs(self.folder, exist_ok=True)
        self._device = os.open("/dev/fuse", os.O_RDWR)
        options = f"fd={self._device},rootmode=40000,user_id=0,group_id=0,allow_other"
        if _libc.mount(b"hanging", self.folder.encode(), b"fuse.hanging", 0, options.encode()) != 0:
            error = ctypes.get_errno()
            os.close(self._device)
            raise OSError(error, os.strerror(error))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return os.path.join(self.folder, self.name.decode())

    def __exit__(self, *_):
        # Detached, and all who hang get an error.
        _libc.umount2(self.folder.encode(), 3)
        os.close(self._device)

    def _attributes(self, node):
        is_root = node == 1
        mode, size = (0o040755, 0) if is_root else (0o100600, self.size)
        return struct.pack(
            "<QQQQQQIIIIIIIIII", node, size, 0, 0, 0, 0, 0, 0, 0, mode, 2 if is_root else 1, 0, 0, 0, 4096, 0
        )

    def _serve(self):
        while True:
            try:
                request = os.read(self._device, 1 << 20)
            except OSError:
                return
            _, code, unique, node = struct.unpack_from("<IIQQ", request)
            body = request[40:]
            error, answer = 0, b""
            if code == INIT:
                answer = struct.pack("<IIIIHHIIHHIIIIIII", 7, 31, 0, 0, 0, 0, 4096, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0)
            elif code == LOOKUP:
                if body.rstrip(b"\0") == self.name:
                    answer = struct.pack("<QQQQII", 2, 1, 3600, 3600, 0, 0) + self._attributes(2)
                else:
                    error = ENOENT
            elif code == GETATTR:
                answer = struct.pack("<QII", 3600, 0, 0) + self._attributes(node)
            elif code == OPEN:
                answer = struct.pack("<QII", 1, 0, 0)
            elif code == READ:
                continue
            elif code == INTERRUPT:
                # Of the read that it names.
                [unique] = struct.unpack_from("<Q", body)
                error = EINTR
            elif code in (FORGET, BATCH_FORGET):
                continue
            elif code != ACCESS:
                error = ENOSYS
            try:
                os.write(self._device, struct.pack("<IiQ", 16 + len(answer), -error, unique) + answer)
            except OSError:
                return
