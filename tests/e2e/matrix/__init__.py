"""Handler × role × chat: everything the bot answers to, tried by everybody, everywhere."""
