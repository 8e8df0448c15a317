"""Histories of poll forms in which the portal, the hub and people do what they may at the worst moment."""
