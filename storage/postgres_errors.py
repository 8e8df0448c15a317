"""What an error of PostgreSQL means: wait, try again, or a mistake of ours."""

import asyncpg
from sqlalchemy.exc import DBAPIError, StatementError

from storage.errors import StorageUnavailable

# All that a connection, or a statement on it, is known to raise when something is wrong.
PostgresTrouble = (
    StatementError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # asked on a connection that was cut off at this moment
    OSError,
    TimeoutError,
)

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_AWAY = (
    "08",  # the connection
    "53",  # out of disk, memory or connections
    "57",  # cancelled, shut down, starting up
    "58",  # the system around it
    "25006",  # read-only: a standby, or a disk that takes nothing
    "25P03",  # the process stood still in its transaction
    "25P04",  # or took too long for it
    "F0",  # its own files
    "XX",  # internal error, corrupted data
)
_LOST_THE_RACE = {"40001", "40P01"}  # serialization failure, deadlock
_LOST_THE_KEY = "ix_jobs_claimed_key"  # another process claimed a job of the same key at this moment
_CUT_OFF = {"57P01", "57P02", "25P03", "08003", "08006"}  # shut down, crashed, too long silent, gone
_STOOD_STILL = "25P03"  # its idle_in_transaction_session_timeout

_TOO_LONG = "25P04"  # its transaction_timeout, which is our query timeout
_BUSY = "cannot switch to state"  # what asyncpg says before it sends anything
_DEAD = (asyncpg.InterfaceError, asyncpg.InternalClientError, ConnectionResetError, BrokenPipeError)


def is_outage(error: BaseException) -> bool:
    """Whether the database is at fault, not the statement: an outage is waited out, a mistake never ends."""
    cause = _cause(error)
    if isinstance(cause, asyncpg.PostgresError):
        return (cause.sqlstate or "").startswith(_AWAY)
    return isinstance(cause, OSError | TimeoutError | asyncpg.InterfaceError | asyncpg.InternalClientError)


def is_read_only(error: BaseException) -> bool:
    """Whether the session takes no writes, which it may have learnt at its beginning and never ask again."""
    return isinstance(_cause(error), asyncpg.ReadOnlySQLTransactionError)


def is_to_repeat(error: BaseException) -> bool:
    """Whether a unit that has not come to its commit may simply run again.

    It stood in another one's way and was undone, or its connection was a dead one of the pool.
    """
    cause = _cause(error)
    if isinstance(cause, _DEAD):
        return True
    if getattr(cause, "constraint_name", None) == _LOST_THE_KEY:
        return True
    return getattr(cause, "sqlstate", None) in _LOST_THE_RACE | _CUT_OFF


def was_not_sent(error: BaseException) -> bool:
    """Whether the driver refused to send anything, to a connection that it knew to be closed or ended.

    PostgreSQL ends a session that stood still with a message nobody asked for: until the connection is seen
    to close, the driver takes it for busy.
    """
    cause = _cause(error)
    if isinstance(cause, asyncpg.InternalClientError):
        return str(cause).startswith(_BUSY)
    return isinstance(cause, asyncpg.InterfaceError)


def was_undone(error: BaseException) -> bool:
    """Whether a commit surely did nothing: it was not sent, or the session had ended before it came.

    The limit for standing still runs only while PostgreSQL waits for the next statement.
    """
    cause = _cause(error)
    told = {getattr(each, "sqlstate", None) for each in (cause, cause.__cause__)}
    return was_not_sent(error) or _STOOD_STILL in told


def converted(error: Exception) -> Exception:
    """What callers get to see: StorageUnavailable for an outage, the error itself otherwise."""
    return StorageUnavailable(reason_of(error)) if is_outage(error) else error


def reason_of(error: BaseException) -> str:
    """The cause in one line, without statement and values."""
    cause = _cause(error)
    if isinstance(cause, TimeoutError) or getattr(cause, "sqlstate", None) == _TOO_LONG:
        return "PostgreSQL did not answer in time"
    text = str(cause).split("\n", 1)[0]
    return f"PostgreSQL: {text or type(cause).__name__}"


def _cause(error: BaseException) -> BaseException:
    if isinstance(error, DBAPIError):
        return error.driver_exception or error
    return (isinstance(error, StatementError) and error.orig) or error
