"""The pages of a journal at rest: which one is the last, and what a cut leaves of it."""

import sqlite3
from contextlib import closing

PAGE = 4096


def put_last(path, name):
    """Has the one page of this table or index change places with the last page of the file. Both have to be all that
    their tables have; the journal says the same as before."""
    with closing(sqlite3.connect(path, isolation_level=None)) as journal:
        roots = dict(journal.execute("SELECT rootpage, name FROM sqlite_schema WHERE rootpage > 0"))
        last = journal.execute("PRAGMA page_count").fetchone()[0]
        mine = next(page for page, other in roots.items() if other == name)
        for page in {mine, last}:
            if journal.execute("SELECT count(*) FROM dbstat WHERE name = ?", (roots[page],)).fetchone()[0] != 1:
                raise AssertionError(f"{roots[page]} has more than one page")
        before = list(journal.iterdump())
        journal.execute("PRAGMA writable_schema = ON")
        journal.execute("UPDATE sqlite_schema SET rootpage = CASE rootpage WHEN ?1 THEN ?2 ELSE ?1 END "
                        "WHERE rootpage IN (?1, ?2)", (mine, last))
    swap(path, mine, last)
    with closing(sqlite3.connect(path)) as journal:
        if list(journal.iterdump()) != before or journal.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise AssertionError(f"{path} is not the same with {name} at its end")


def swap(path, one, other):
    with open(path, "r+b") as file:
        held = {}
        for page in (one, other):
            file.seek((page - 1) * PAGE)
            held[page] = file.read(PAGE)
        for page, becomes in ((one, other), (other, one)):
            file.seek((page - 1) * PAGE)
            file.write(held[becomes])


def different_cuts(path):
    """How many bytes of the last page are left by each cut that is another for SQLite, which takes what is missing for
    zeros. A page that holds rows has many, an empty one hardly any."""
    with open(path, "rb") as file:
        file.seek(-PAGE, 2)
        page = file.read()
    # One byte fewer is another page where that byte is not zero; with none left, the page itself is gone.
    return [0] + [left for left in range(1, PAGE) if page[left] != 0]
