"""python -m nfscratch: the command line, where the script is not on the path."""

from nfscratch.cli import main

main()
