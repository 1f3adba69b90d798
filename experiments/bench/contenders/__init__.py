"""The programs that the benchmark runs, ours and others."""
