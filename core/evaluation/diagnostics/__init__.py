"""Where and why a model is wrong: confusion, curves, mistakes, slices, learning curve."""
