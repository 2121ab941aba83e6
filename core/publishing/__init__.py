"""Published models: read-only links that anybody can open, their use by visitors, and their health."""
