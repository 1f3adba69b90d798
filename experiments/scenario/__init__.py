"""Scenario files: schema, reader, writer, and the built-in ones."""
