"""The portable backend: tensor operations on any device."""
