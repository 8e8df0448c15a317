"""One module per subject; each is given the rooms it needs."""
