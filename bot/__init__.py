"""Telegram's door."""
