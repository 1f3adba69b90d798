"""How the kernels run on a machine: compiled code kept on disk, threads, memory, packages."""
