"""Reactions: 👍 and 👎 on cards and proposals, 👀 on whatever may be asked about."""

from telegram import MessageReactionUpdated, Update

from bot.context import HubContext, asker_of, place_of_reaction
from bot.handlers.checks import CheckHandlers
from bot.registry import LOOK, NO, YES, Registry
from services.flow.places import Press
from services.flow.proposals import Proposals
from services.flow.sightings import Sightings
from services.flow.verdicts import Verdicts


class ReactionHandlers:
    """Turns what a person puts on a message into what its buttons do. Taking it back undoes nothing."""

    def __init__(
        self, proposals: Proposals, verdicts: Verdicts, sightings: Sightings, checks: CheckHandlers
    ) -> None:
        self._proposals = proposals
        self._verdicts = verdicts
        self._sightings = sightings
        self._checks = checks

    def register(self, registry: Registry) -> None:
        """Three emoji. What stands on no message of ours means nothing."""
        registry.reaction(YES, self.on_yes)
        registry.reaction(NO, self.on_no)
        registry.reaction(LOOK, self.on_look)

    async def on_yes(self, update: Update, context: HubContext) -> None:
        """👍 approves the card, or accepts the proposals, it stands on."""
        reaction = _reaction(update)
        press = _press(update, reaction, context)
        if not await self._verdicts.react(True, press, context.work):
            await self._proposals.accept_reaction(reaction.message_id, press, context.work)

    async def on_no(self, update: Update, context: HubContext) -> None:
        """👎 rejects the card it stands on."""
        press = _press(update, _reaction(update), context)
        await self._verdicts.react(False, press, context.work)

    async def on_look(self, update: Update, context: HubContext) -> None:
        """👀 asks about a sticker or a link as its sender would have."""
        reaction = _reaction(update)
        seen = await self._sightings.seen(reaction.chat.id, reaction.message_id)
        if seen:
            press = _press(update, reaction, context, thread_id=seen.thread_id)
            await self._checks.check_seen(seen, press, context)


def _reaction(update: Update) -> MessageReactionUpdated:
    reaction = update.message_reaction
    assert reaction is not None  # noqa: S101 - only handlers of reactions ask
    return reaction


def _press(
    update: Update, reaction: MessageReactionUpdated, context: HubContext, thread_id: int | None = None
) -> Press:
    return Press(asker_of(update), place_of_reaction(reaction, context.language, thread_id))
