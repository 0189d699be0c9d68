"""A file of SQLite that gateways write while others read: made for its owner only, recognised, brought up to date.

Everything here waits for the disk. Errors are `sqlite3.Error` and `OSError`, but for `Foreign`.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from translators.values import immutable

BUSY_SECONDS = 2.0
"""The time to wait for another gateway that writes."""


class Foreign(Exception):
    """The file is nothing that this gateway can write, and will not become it by itself; the text says why."""


class NoDatabase(Foreign):
    """The file has something else in it than a database."""


@immutable
class Form:
    """The form of a file. `key` is that of config.yaml that names it.

    `application` is its `application_id`: any other database is left alone. `steps` make the tables: a file of version
    N has the first N of them, and gets the others when it is opened. `shrinks`: a new file can give back the room of
    what was deleted (`PRAGMA incremental_vacuum`)."""

    key: str
    application: int
    steps: tuple[str, ...]
    shrinks: bool = False

    def obstacle(self, path: Path) -> str | None:
        """Return why it can never be written there, in a sentence, or None. Nothing is written; what may pass (a lock,
        a full disk) is no obstacle."""
        if not path.exists():
            return None
        try:
            with closing(read_only(path)) as connection:
                self.recognise(connection, path)
        except Foreign as error:
            return str(error)
        except (sqlite3.Error, OSError):
            return None
        return None

    def reading(self, path: Path) -> sqlite3.Connection:
        """Return a connection that cannot write, while gateways do. Raises `Foreign`."""
        if not path.is_file():
            raise Foreign(f"{path} is not there; {self.key} in config.yaml names the file, and the gateway makes it.")
        connection = read_only(path)
        try:
            self.recognise(connection, path)
            if _version(connection) == 0:
                raise Foreign(f"{path} is empty: no gateway has written to it yet.")
        except BaseException:
            connection.close()
            raise
        return connection

    def recognise(self, connection: sqlite3.Connection, path: Path) -> None:
        """Raise `Foreign` for anything but an empty file and one of ours."""
        try:
            [(application,)] = connection.execute("PRAGMA application_id")
            [(tables,)] = connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
                raise NoDatabase(f"{path} is no SQLite database; name another file in {self.key}.") from None
            raise
        if application != self.application and (application or tables):
            raise Foreign(f"{path} is a database of something else; name another file in {self.key}.")
        if _version(connection) > len(self.steps):
            raise Foreign(f"{path} was written by a newer gateway; use that, or name another file in {self.key}.")

    def migrate(self, connection: sqlite3.Connection, path: Path) -> None:
        """Bring the tables up to date."""
        if _version(connection) == len(self.steps):
            return
        with closing(connection.cursor()) as cursor, connection:
            cursor.execute("BEGIN IMMEDIATE")
            self.recognise(connection, path)  # another gateway may have been here meanwhile
            for step in self.steps[_version(connection) :]:
                cursor.execute(step)
            cursor.execute(f"PRAGMA application_id = {self.application}")
            cursor.execute(f"PRAGMA user_version = {len(self.steps)}")


class SqliteFile:
    """The file, open for writing. It is made, for its owner only, where it is not there. Raises `Foreign`."""

    def __init__(self, path: Path, form: Form) -> None:
        self._path = path
        # SQLite would make it for everybody to read. Its other files (-wal, -shm) get the rights of this one.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._file = _identity(os.fstat(descriptor))
        os.close(descriptor)
        self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            form.recognise(self._connection, path)
            if form.shrinks:
                self._connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            form.migrate(self._connection, path)
        except BaseException:
            self._connection.close()
            raise

    def replaced(self) -> bool:
        """Return whether there is no file any more, or another: SQLite would go on writing where nobody reads."""
        try:
            return _identity(self._path.stat()) != self._file
        except FileNotFoundError:
            return True

    def close(self) -> None:
        self._connection.close()


def read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)


def _identity(stat: os.stat_result) -> tuple[int, int]:
    return stat.st_dev, stat.st_ino


def _version(connection: sqlite3.Connection) -> int:
    [(version,)] = connection.execute("PRAGMA user_version")
    return int(version)
