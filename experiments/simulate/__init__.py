"""Markets that are run, stopped and resumed."""
