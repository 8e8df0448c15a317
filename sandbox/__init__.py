"""Stand-ins for the outside world on loopback; they know nothing of the hub."""
