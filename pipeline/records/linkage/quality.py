"""How well the sources link, for whom, and what was dropped on the way."""

from __future__ import annotations

from pipeline.records.linkage.conflicts import NINO, Conflict, link_name

AGE_AT = "2018-07"
"""Age is taken in the middle of the months observed, April 2014 to December 2022: one band a person."""


def band_sql(age: str) -> str:
    """SQL of the ten-year band of an age in years."""
    return (
        f"CASE WHEN {age} < 20 THEN 'under 20' WHEN {age} >= 80 THEN '80 and over' "
        f"ELSE printf('%d-%d', {age} // 10 * 10, {age} // 10 * 10 + 9) END"
    )


_BY = {
    "all": "'all'",
    "sex": "sex",
    "age": band_sql("age"),
    "ethnic_group": "ethnic_group",
    "region": "coalesce(region, 'not known')",
    "imd_quintile": "coalesce(CAST(imd_quintile AS VARCHAR), 'not known')",
}
"""Characteristics by which link rates are shown, as SQL of their levels over the spine."""


def quality_sql(*, spine: str, middle: int, conflicts: list[Conflict]) -> str:
    """SQL of linkage quality: people with a NINo and with a health id of HES, by characteristic; then conflicts.

    Of therapy records only linked ids are known here: how many are not linked is a step of a cohort's attrition.
    """
    flags = {link_name(NINO): "linked_paye_rti", link_name("hes"): "linked_hes_apc"}
    aged = f"(SELECT *, ({middle} - birth_month) // 12 AS age FROM {spine})"
    rates = [
        f"SELECT '{link}' AS link, '{name}' AS characteristic, {level} AS level, count(*) AS n_people, "
        f"count(*) FILTER (WHERE {flag}) AS n_linked FROM {aged} GROUP BY level"
        for link, flag in flags.items()
        for name, level in _BY.items()
    ]
    dropped = [f"SELECT '{c.link}', 'conflicts', '{c.reason}', {c.looked_at}, {c.kept}" for c in conflicts]
    return " UNION ALL ".join([*rates, *dropped])


def linked_episodes_sql(hes: str) -> str:
    """SQL: of the health ids in HES, how many link to a person."""
    return f"""
        SELECT 'hes_apc to census' AS link, 'all' AS characteristic, 'all' AS level, count(*) AS n_people,
               count(*) FILTER (WHERE id IN (SELECT id FROM id_person WHERE kind = 'hes')) AS n_linked
        FROM (SELECT DISTINCT pseudo_hesid AS id FROM {hes})"""
