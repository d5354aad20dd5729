"""Estimates go in; checks leave, each with its figure and one sentence."""
