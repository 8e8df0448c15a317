"""How a source's deal becomes values of its twin: a file of rules, applied without asking anybody."""
