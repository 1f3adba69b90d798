"""Bargains: helpers lower the price."""
