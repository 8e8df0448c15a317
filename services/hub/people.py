"""People: who they are and what they may."""

from functools import cached_property

from services.flow.chat_settings import ChatSettings
from services.flow.claims import Claims
from services.flow.confirmations import Confirmations
from services.flow.excerpts import Excerpt, excerpts
from services.flow.keys import Keys
from services.flow.members import Members
from services.flow.payloads import Masked, masking
from services.flow.people import People
from services.flow.rights import Rights
from services.flow.roles import Named, Roles
from services.flow.staff import Staff
from services.hub.engine import EngineRooms


class PeopleRooms(EngineRooms):
    """People: who they are and what they may."""

    @cached_property
    def people(self) -> People:
        """Names and languages."""
        return People(self.database, self.clock, language=self._settings.telegram.default_language)

    @cached_property
    def members(self) -> Members:
        """Who is what in a chat."""
        return Members(self.database, self.clock, self._ports.chat_members)

    @cached_property
    def roles(self) -> Roles:
        """Who may do what."""
        telegram = self._settings.telegram
        named = Named(frozenset(telegram.admin_ids), frozenset(telegram.staff_ids), telegram.admin_chat_id)
        return Roles(self.database, self.members, named)

    @cached_property
    def claims(self) -> Claims:
        """How the first admin comes about."""
        return Claims(self.database, self.clock, self._terms.random, self.roles, self.journal)

    @cached_property
    def staff(self) -> Staff:
        """Roles given in the chat."""
        return Staff(self.database, self.clock, self.roles, self.people, self.messages, self.journal)

    @cached_property
    def rights(self) -> Rights:
        """What the bot lacks in groups."""
        return Rights(self.database, self.messages, self.roles)

    @cached_property
    def chat_settings(self) -> ChatSettings:
        """What a chat's administrators choose."""
        return ChatSettings(self.people, self.messages, self.journal)

    @cached_property
    def keys(self) -> Keys:
        """The keys of programs."""
        return Keys(self.database, self.clock, self.cache)

    @cached_property
    def confirmations(self) -> Confirmations:
        """Questions before what is dangerous."""
        return Confirmations(self.database, self.clock, self.messages, self.roles, self._new_token)

    @cached_property
    def excerpt(self) -> Excerpt:
        """What may be shown of what machines wrote."""
        return excerpts(self._terms.redact)

    @cached_property
    def masked(self) -> Masked:
        """What may be shown of a job's payload."""
        return masking(self._terms.redact)
