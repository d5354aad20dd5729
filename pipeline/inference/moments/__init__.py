"""Shards go in; sums that add leave, and what is solved from sums. No estimator is named here.

A regression with person effects is described by sums over people of one timing group (``within``), solved once
(``solve``), and its clustered errors by a second pass of sums over people's scores (``scores``). ``A + B`` combines the
sums of two shards, whatever engine made them.
"""
