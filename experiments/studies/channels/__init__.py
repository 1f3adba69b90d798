"""Conversion, order value and reach in the market with all channels."""
