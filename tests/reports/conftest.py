"""The command run inside the test process."""

import pytest

from reports.cli import main


@pytest.fixture
def run(capsys):
    """Run the command: exit status, standard output, lines of standard error."""

    def run(*arguments):
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return caught.value.code, captured.out, captured.err.splitlines()

    return run
