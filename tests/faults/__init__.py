"""Faults: a run is killed, starved of disk or damaged at points drawn by seed; then it is called again.

`python -m tests.faults --count 240` makes that many and prints what came of each kind. After every fault the
same command must end with the bytes of the undisturbed run, or refuse in one line that names what is damaged;
after a refusal it must do so once what is damaged has been deleted.
"""
