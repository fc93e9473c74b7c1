"""What lowering costs, layer by layer, why, and which masks bring it back."""
