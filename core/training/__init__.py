"""Training: from splits and settings to a classifier. Start reading at ``config``, then ``trainer`` or ``linear_probe``."""
