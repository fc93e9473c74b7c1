"""What is known of layer types beyond their definitions: what the engine reads, refuses and has had since when."""
