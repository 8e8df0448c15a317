"""What storage raises besides programming errors; nobody above sees a driver's exception."""


class StorageUnavailable(Exception):
    """The database cannot serve now (full, locked, read-only, gone). Nothing of the unit was written."""

    permanent = False
    retry_after: float | None = 1.0
    user_text = "error-unavailable"


class DatabaseRefused(Exception):
    """This database cannot be opened at all; the message is one clear line for the operator."""


class NoTablesYet(DatabaseRefused):
    """Nothing was ever stored in it: the first start of the hub makes the tables."""
