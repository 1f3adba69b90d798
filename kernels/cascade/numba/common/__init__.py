"""What cascades on plain graphs and on several layers share."""
