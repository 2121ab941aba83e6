"""What the page Learn computes: small, real examples of what happens to a text in BERT, in its training and its evaluation."""
