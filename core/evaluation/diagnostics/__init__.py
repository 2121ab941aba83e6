"""Where a model goes wrong: confusion, curves, mistakes, slices, learning curves."""
