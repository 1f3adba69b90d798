"""What a run needs: available backends, memory, and batches split where it runs out."""
