"""The GPU kernels on paper: compiled ahead of time, and their roofline."""
