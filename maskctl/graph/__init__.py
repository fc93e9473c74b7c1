"""What the text means: layers, blobs, weights. Import the module you need; only `network` is free of numpy."""
