"""The command line in this process."""


def invoke(*arguments):
    """(exit code, stdout, stderr) of `nfscratch arguments`."""
    from typer.testing import CliRunner

    from nfscratch.cli import app

    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr
