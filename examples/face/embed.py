"""The same as `gluonfr embed`, for a checkout in which the command is not installed; its code is gluonfr/cli."""
import sys

from gluonfr.cli import main

if __name__ == '__main__':
    sys.exit(main(['embed', *sys.argv[1:]]))
