"""A pace for tests of other things than pace."""

from dataclasses import replace

from bot.pacing import DOCUMENTED

# As much as one likes at one moment: virtual time stands still while a test waits for an answer.
UNPACED = replace(DOCUMENTED, chat_burst=10**6, group_per_minute=10**6, overall_per_second=10**6)
