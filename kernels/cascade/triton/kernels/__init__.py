"""Device code, compiled by Triton."""
