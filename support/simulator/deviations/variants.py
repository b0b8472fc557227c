"""Variants: servers that are correct and still different."""
