"""A Bot API server of its own: chats, stickers and people live in memory, the wire is Telegram's."""
