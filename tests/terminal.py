"""Runs a command on a terminal of its own, and prints what it wrote there and its exit code, as JSON.

    python tests/terminal.py PROGRAM ARGUMENT ...

Standard output and standard error are that terminal, 120 columns wide. Needs a system with pseudo-terminals.
"""

import fcntl
import json
import os
import pty
import struct
import sys
import termios


def main() -> None:
    process, terminal = pty.fork()
    if process == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        os.execv(sys.argv[1], sys.argv[1:])
    written = b""
    while True:
        try:
            part = os.read(terminal, 1 << 16)
        except OSError:  # Linux says so that the other side has gone
            break
        if not part:
            break
        written += part
    _, status = os.waitpid(process, 0)
    json.dump({"written": written.decode(errors="replace"), "code": os.waitstatus_to_exitcode(status)}, sys.stdout)


main()
