"""The CUDA backend: the host side of its Triton kernels."""
