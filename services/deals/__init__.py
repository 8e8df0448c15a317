"""Deals of partners' portals, each with a twin in the home portal."""
