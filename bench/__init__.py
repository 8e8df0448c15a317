"""How fast, beside its peers: `make bench` runs every program and writes docs/benchmarks.md."""
