"""Shards go in; sums that add leave, and what is solved from sums. No estimator is named here.

``people`` are what a shard holds; ``regression`` is one with person effects, described by sums over people of one
timing group (``within``), solved once (``solve``), its clustered errors by a second pass of sums over people's scores
(``scores``); ``by_group`` is its like with an effect for each timing group and month, ``group_time`` comparisons of
two groups and two months. ``A + B`` combines the sums of two shards, whatever engine made them.
"""
