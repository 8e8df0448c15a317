"""HTTP's door."""
