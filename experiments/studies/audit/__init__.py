"""The reported figures against each other."""
