"""The inbox's pages, the fragments they refresh themselves with, and its actions."""
