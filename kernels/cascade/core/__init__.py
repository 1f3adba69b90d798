"""The contract in code: rule, task, result, and the reference that defines them."""
