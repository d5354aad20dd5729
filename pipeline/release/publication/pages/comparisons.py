"""The people whom treated people are compared with, in readable words: one function, one kind."""

from __future__ import annotations

from functools import singledispatch

from pipeline.release.publication.pages.words import listed, named
from pipeline.vocabulary.comparisons import GeneralPopulation, NotYetTreated
from pipeline.vocabulary.untreated import UntreatedComparison


@singledispatch
def comparison(people: object) -> str:
    """Who the treated are compared with, in whole sentences."""
    raise TypeError(f"no words for a {type(people).__name__}")


@comparison.register
def _general_population(people: GeneralPopulation) -> str:
    strata = listed(tuple(named(name) for name in people.strata))
    return (
        f"{people.n:,} people of the general population who never had the index event, sampled to the treated "
        f"people's distribution of {strata}, each given an index month drawn from those of the "
        f"treated people and held to the same eligibility there (sampling seed {people.seed})."
    )


@comparison.register
def _not_yet_treated(people: NotYetTreated) -> str:
    return (
        "Everybody diagnosed or found eligible alike who did not have the index event in the months of index events or "
        "before, whether or not they had it later; each is given an index month drawn from those of the treated "
        "people, must have been diagnosed or found eligible before it and meet the same eligibility there, and is "
        "observed until a later index event of their own may be anticipated "
        f"(sampling seed {people.seed})."
    )


def untreated(declared: UntreatedComparison) -> str:
    """Whom the treated are held against once more, and in what they are alike."""
    known = listed(tuple(named(name) for name in ("past outcomes", "age", "index year", *declared.characteristics)))
    return (
        f"Compared once more, person by person, with {declared.whom}, doubly robust on {known}; treated people who "
        f"would be treated in more than {1 - declared.trim:.0%} of cases were both arms equally large are left out"
    )
