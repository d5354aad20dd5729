"""Whom an evaluation's treated people are compared with."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from pipeline.vocabulary.declared import Declared


class GeneralPopulation(Declared):
    """People who never had the index event, sampled to the treated people's sex and age.

    Each gets an index month drawn from the treated people's index months (three-month centred mean, as published),
    must meet the same eligibility there, and is sampled within strata in the treated people's proportions. The draw
    is a hash of the person id and ``seed``, so it is the same on every engine.

    Attributes
    ----------
    n
        How many people; fewer are taken, in the same proportions, where a stratum has too few.
    strata
        Columns of the cohort: the published strata are sex and five-year age band.
    """

    kind: Literal["general_population"] = "general_population"
    n: int = Field(gt=0)
    strata: tuple[str, ...] = ("sex", "five_year_band")
    seed: str = "causeway"


class NotYetTreated(Declared):
    """People diagnosed as the treated were, and not treated in the months in which others are: all of them.

    Each gets an index month drawn from the treated people's, must have been diagnosed before it and meet the same
    eligibility there, and is observed until a later index event of their own may be anticipated. Whether they are ever
    treated does not matter: to ask for a later treatment would leave out those who get well while they wait. People
    treated later, within the months studied, are compared with too, up to their index month, by estimators that can.
    """

    kind: Literal["not_yet_treated"] = "not_yet_treated"
    strata: ClassVar[tuple[str, ...]] = ()
    seed: str = "causeway"


Comparison = Annotated[GeneralPopulation | NotYetTreated, Field(discriminator="kind")]
