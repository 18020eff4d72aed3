"""python -m nfscratch: the command line, where the script is not on the path."""

try:
    from nfscratch_command import main
except ImportError:  # the package stands alone, as in an autograder
    from nfscratch.cli import main

main()
