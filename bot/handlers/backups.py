"""/backup: one now, and a receipt. The file itself never leaves its machine."""

from telegram import Update

from bot.context import HubContext, asker_of, place_of
from bot.registry import ADMIN_CHANGES, Registry
from bot.speech import message_of
from services.flow.backup_jobs import BackupJobs


class BackupHandlers:
    """Has a backup made."""

    def __init__(self, backup_jobs: BackupJobs) -> None:
        self._backup_jobs = backup_jobs

    def register(self, registry: Registry) -> None:
        """A command for admins."""
        registry.command("backup", self.on_backup, ADMIN_CHANGES)

    async def on_backup(self, update: Update, context: HubContext) -> None:
        """/backup: a second one meanwhile joins the first."""
        place = place_of(message_of(update), context.language)
        self._backup_jobs.ask(context.work, place, asker_of(update))
