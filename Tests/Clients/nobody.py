"""A Holdfast that runs as a user of its own, as the shipped unit has it."""

import os
import subprocess

from holdfast import BINARY, Holdfast

NOBODY = 61_182


class AsNobody(Holdfast):
    """Not root, although the tests are. Its folder is its own from its first start on."""

    is_given = False

    def start(self, ready=True):
        if not self.is_given:
            self.log_file.touch()
            for path in [self.directory, *self.directory.rglob("*")]:
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
            self.is_given = True
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "serve", "--config", self.config], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.directory, user=NOBODY, group=NOBODY, extra_groups=[], env={"PATH": os.environ["PATH"]},
            )  # fmt: skip
        if ready:
            self.wait_ready()
