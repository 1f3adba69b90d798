"""How the kernels run on a CPU: compiled code kept on disk, and threads."""
