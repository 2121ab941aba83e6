"""Checks of labeled texts. Each returns findings, with a repair where there is one."""
