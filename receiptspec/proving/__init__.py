"""Proves the suites: each fault of the reference is found, each freedom of it is left in peace.

`jobs` says what to run, `farm` runs it in forked children, `tally` draws the sums, `gate` judges
them, `changes` and `pairs` choose, `show` prints.
"""
