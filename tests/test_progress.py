"""Progress: a bar in a notebook, a bar on a terminal, a few lines in a log file; nothing where it is silent."""

import pytest
from rich.console import Console

from nfscratch import notebook
from nfscratch.training import progress


class Screen:
    """Stands in for the handle of a display: keeps what was shown."""

    def __init__(self):
        self.shown = []

    def update(self, value):
        self.shown.append(repr(value))


@pytest.fixture
def kernel(monkeypatch):
    """A notebook runs this, as far as nfscratch can see."""
    import IPython.display

    screen = Screen()
    monkeypatch.setattr(notebook, "running", lambda: True)
    monkeypatch.setattr(IPython.display, "display", lambda value, **options: screen)
    return screen


@pytest.fixture
def clock(monkeypatch):
    """Time that passes as it is told."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    return now


def test_the_text_at_the_end_is_that_of_the_end(kernel, clock):
    texts = ["first"]
    with progress.Progress(10, "fit") as shown:
        for step in range(1, 11):
            shown.update(step, lambda: texts[0])
        texts[0] = "last"
    assert kernel.shown == ["fit: step 10 of 10, 10000000000 steps/s, last"]


def test_the_bar_moves_five_times_a_second_at_most(kernel, clock):
    with progress.Progress(1000, "fit") as shown:
        for step in range(1, 1001):
            clock[0] = step / 64  # 13 of them are 0.203 seconds
            shown.update(step, lambda: "")
    steps = [*range(13, 1001, 13), 1000]
    assert kernel.shown == [f"fit: step {step} of 1000, 64 steps/s, " for step in steps]


def test_a_run_that_fails_keeps_the_bar_where_it_was(kernel, clock):
    with pytest.raises(ZeroDivisionError), progress.Progress(10, "fit") as shown:
        shown.update(3, lambda: "text")
        raise ZeroDivisionError
    assert kernel.shown == []


def test_html_shows_a_title_as_it_is(kernel):
    assert "a &lt; b" in notebook.Bar(3, "a < b")._repr_html_()


@pytest.mark.parametrize(("hours", "lines"), [(10 / 3600, 0), (1 / 60, 4), (1, 40), (10, 62)])
def test_a_log_file_gets_few_lines(hours, lines, clock, capsys):
    seconds = round(3600 * hours)
    with progress.Progress(seconds, "fit") as shown:
        for step in range(1, seconds + 1):
            clock[0] = float(step)
            shown.update(step, lambda: "text")
    shown = capsys.readouterr().err.splitlines()
    assert len(shown) == lines
    assert not shown or (shown[0], shown[-1]) == (
        f"fit: step 15 of {seconds}, 1 steps/s, text",
        f"fit: step {seconds} of {seconds}, 1 steps/s, text",
    )


def test_silence_is_silence_in_a_notebook_too(kernel, clock, capsys):
    with progress.Progress(10, "fit", show=False) as shown:
        clock[0] = 100.0
        shown.update(5, lambda: 1 / 0)
    assert kernel.shown == [] and capsys.readouterr() == ("", "")


def test_the_rate_counts_from_where_the_run_began(clock, capsys):
    with progress.Progress(100, "fit") as shown:
        clock[0] = 50.0
        shown.begin(40)
        for clock[0], step in ((64.0, 41), (65.0, 70), (66.0, 71)):
            shown.update(step, lambda: "text")
    assert capsys.readouterr().err.splitlines() == [
        "fit: step 41 of 100, 0 steps/s, text",
        "fit: step 71 of 100, 2 steps/s, text",
    ]


def test_a_line_that_stands_there_is_not_said_again(clock, capsys):
    with progress.Progress(100, "fit") as shown:
        clock[0] = 20.0
        shown.update(60, lambda: "text")
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_bar_in_a_notebook_begins_where_the_run_does(kernel, clock):
    with progress.Progress(100, "fit") as shown:
        shown.begin(90)
    assert kernel.shown == ["fit: step 90 of 100, "]


def test_a_bar_on_a_terminal_shows_step_rate_and_text_and_is_gone_at_the_end(monkeypatch, clock, capsys):
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True, raising=False)
    with progress.Progress(101, "fit") as shown:
        (task,) = shown._screen.bar.tasks
        for clock[0], step in ((0.05, 3), (0.1, 5), (0.15, 9), (0.2, 20)):
            shown.update(step, lambda: "text")
            seen = task.completed, task.fields["rate"], task.fields["text"]
            assert seen == {3: (0, "", ""), 5: (5, "50 steps/s", "text"), 9: (5, "50 steps/s", "text")}.get(
                step, (20, "100 steps/s", "text")
            )
        assert (task.total, task.description, shown._screen.bar.live.transient) == (101, "fit", True)
        assert shown._screen.bar.columns[1].bar_width == 24
        assert shown._screen.bar.console.stderr and isinstance(shown._screen.bar.console, Console)
    assert not shown._screen.bar.live.is_started
