"""Benches: workloads against a limit measured in the same run. ``make bench BENCH=latency``."""
