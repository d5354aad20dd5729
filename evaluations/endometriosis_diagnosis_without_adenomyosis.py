"""The evaluation ``endometriosis_diagnosis`` with the narrower code list: N80 without N80.0, adenomyosis."""

from __future__ import annotations

from datetime import date

from evaluations.endometriosis_diagnosis import EVALUATION as WHOLE
from pipeline.vocabulary.index_events import Diagnosis
from pipeline.vocabulary.protocol import Evaluation

_DESIGN = dict(WHOLE.design) | {
    "index_event": Diagnosis(codelist="endometriosis_without_adenomyosis_icd10", first_since=date(2009, 4, 1)),
    "robustness": (),
}

EVALUATION = Evaluation.model_validate(
    dict(WHOLE)
    | {
        "title": "Endometriosis without adenomyosis: diagnosis, not treatment effect",
        "population": "Women aged 25 to 54 in England with a first hospital diagnosis of endometriosis other than of "
        "the uterus",
        "intervention": "a first hospital diagnosis of endometriosis other than of the uterus",
        "design": type(WHOLE.design)(**_DESIGN),
        "subgroups": (),
        "limitations": tuple(
            "ONS has not published its list of codes. This one is N80 without adenomyosis (N80.0), which the "
            "evaluation endometriosis_diagnosis includes; women with N80.0 only may be comparison people here."
            if limitation.startswith("ONS has not published")
            else limitation
            for limitation in WHOLE.limitations
        ),
    }
)
