"""Therapy records as the owner writes them: monthly submissions, two versions of the data set, statuses apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.synthetic.knobs import Knobs
from pipeline.synthetic.links import therapy_ids
from pipeline.synthetic.people import People
from pipeline.synthetic.streams import choose, stream
from pipeline.synthetic.therapy import COMPLETED, EARLIER, NEW_VERSION, Courses
from pipeline.synthetic.therapy_effects import STATUS_NOT_STATED
from pipeline.synthetic.therapy_waits import PROVIDERS

_PROBLEMS = (
    "Depression", "Anxiety and stress related disorders (Total)", "Other Mental Health problems",
    "Other recorded problems", "Unspecified",
)  # fmt: skip
_DIAGNOSES = ("F321", "F411", "F509", "Z633", None)
_STATUSES = ("01", "02", "03", "04", "05", "06", "07", "08", "ZZ")
_SHARE_OF_STATUSES = np.array([0.6, 0.15, 0.05, 0.1, 0.03, 0.02, 0.01, 0.02, 0.02])
_PROVIDERS = tuple(f"RW{chr(ord('A') + number)}" for number in range(PROVIDERS))
_COMMISSIONERS = ("15E", "36L", "72Q", "93C", "W2U")

_SUBMITTED_BEFORE = 0.3
_TWICE = 0.01
_NOBODY = 0.02
_EARLIER_STATUS, _LATER_STATUS = 0.25, 0.5
_SUBMISSIONS = 1000

_OLDER_NAMES = {
    "Unique_ServiceRequestID": "REFERRAL_ID", "Person_ID": "IAPT_PERSON_ID", "PathwayID": "IC_PATHWAY_ID",
    "ReferralRequestReceivedDate": "REFRECDATE", "ServDischDate": "ENDDATE", "EndCode": "ENDCODE",
    "SourceOfReferralMH": "SOURCEREFERRAL", "OrgID_Provider": "ORGCODEPROVIDER", "OrgIDComm": "ORGCODECOMM",
    "TreatmentCareContact_Count": "IC_COUNT_TREATMENT_APPOINTMENTS", "Assessment_FirstDate": "IC_DATE_FIRST_ASSESSMENT",
    "TherapySession_FirstDate": "IC_DATE_FIRST_THERAPEUTIC_SESSION",
    "TherapySession_SecondDate": "IC_DATE_SECOND_THERAPEUTIC_SESSION", "Recovery_Flag": "IC_RECOVERY_FLAG",
    "ReliableImprovement_Flag": "IC_RELIABLE_IMPROV_FLAG", "PHQ9_FirstScore": "IC_FIRST_PHQ9",
    "PHQ9_LastScore": "IC_LAST_PHQ9", "GAD_FirstScore": "IC_FIRST_GAD", "GAD_LastScore": "IC_LAST_GAD",
    "PresentingComplaintHigherCategory": "IC_PROVDIAG", "IsLatest": "IC_USE_PATHWAY_FLAG",
}  # fmt: skip


def referral_tables(people: People, courses: Courses, *, seed: int, knobs: Knobs) -> tuple[pa.Table, pa.Table]:
    """``iapt/IDS101Referral`` in version 2.1, and referrals before September 2020 in version 1.5.

    Each referral is there as last submitted; some also as submitted while it went on, some twice. Courses completed
    before others' are referrals of their own, in version 1.5.
    """
    random = stream(seed, "referral rows")
    both = _with_earlier(courses)
    older = both.referred < NEW_VERSION
    table = _described(people, both, older=older, random=random, seed=seed, knobs=knobs)
    rows, before = _submissions(both, random, knobs=knobs)
    table = _as_submitted(table.take(pa.array(rows)), before)
    of_old = older[rows]
    return table.filter(pa.array(~of_old)), _in_older_names(table.filter(pa.array(of_old)))


def _with_earlier(courses: Courses) -> Courses:
    """The courses, and the earlier ones that some had completed before."""
    earlier = courses.take(np.flatnonzero(courses.kind == EARLIER))
    session = earlier.earlier_session
    past = replace(earlier, session=session, referred=session - 40, discharged=session + 90)
    return Courses(**{name: np.concatenate([values, getattr(past, name)]) for name, values in vars(courses).items()})


def _described(
    people: People,
    courses: Courses,
    *,
    older: NDArray[np.bool_],
    random: np.random.Generator,
    seed: int,
    knobs: Knobs,
) -> pa.Table:
    n = len(courses)
    started, completed = courses.session > 0, np.isin(courses.kind, (COMPLETED, EARLIER))
    nobody = ~completed & (random.random(n) < _NOBODY * knobs.dirt)
    first = np.stack([random.integers(10, 25, n), random.integers(8, 20, n)])
    last = np.where(courses.recovered, random.integers(1, 8, (2, n)), np.maximum(first - 3 * courses.improved, 9))
    ids = therapy_ids(courses.person, older=older, n_people=len(people), seed=seed)
    chosen = np.where(older, len(_PROBLEMS) + courses.problem, courses.problem)
    return pa.table(
        {
            "Person_ID": pc.if_else(pa.array(nobody), None, ids),
            "Unique_ServiceRequestID": pa.array([f"SR{number:09d}" for number in range(n)]),
            "PathwayID": pa.array([f"PW{number:09d}" for number in courses.person]),
            "ReferralRequestReceivedDate": _days(courses.referred),
            "ServDischDate": _days(courses.discharged),
            "EndCode": pa.array(np.where(completed, "46", "50"), mask=courses.discharged == 0),
            "SourceOfReferralMH": pa.array(np.where(random.random(n) < 0.7, "B1", "A1")),  # noqa: PLR2004 - most refer themselves
            "OrgID_Provider": pa.array(_PROVIDERS).take(pa.array(courses.provider)),
            "OrgIDComm": pa.array(_COMMISSIONERS).take(pa.array(courses.person % len(_COMMISSIONERS))),
            "TreatmentCareContact_Count": pa.array(courses.contacts),
            "Assessment_FirstDate": _days(np.where(started, courses.session - 1, 0)),
            "TherapySession_FirstDate": _days(courses.session),
            "TherapySession_SecondDate": _days(np.where(completed, courses.session + 10, 0)),
            "CompletedTreatment_Flag": pa.array(np.where(completed, "True", "False")),
            "Recovery_Flag": _flag(courses.recovered, known=completed),
            "ReliableImprovement_Flag": _flag(courses.improved, known=completed),
            "Caseness_Flag": pa.array(np.where(first[0] >= 10, "True", "False")),  # noqa: PLR2004 - the threshold of PHQ-9
            "PHQ9_FirstScore": pa.array(first[0]),
            "PHQ9_LastScore": pa.array(last[0], mask=~completed),
            "GAD_FirstScore": pa.array(first[1]),
            "GAD_LastScore": pa.array(last[1], mask=~completed),
            "PresentingComplaintHigherCategory": pa.array([*_PROBLEMS, *_DIAGNOSES]).take(pa.array(chosen)),
            "UniqueSubmissionID": pa.array(_SUBMISSIONS + np.arange(n) % 100),
            "IsLatest": pa.array(np.ones(n, dtype=np.int32)),
            "EmpSupport_FirstDate": _days(np.where(courses.adviser & started, courses.session + 20, 0)),
        }
    )


def _flag(yes: NDArray[np.bool_], *, known: NDArray[np.bool_]) -> pa.Array:
    return pa.array(np.where(yes, "True", "False"), mask=~known)


def _days(days: NDArray[np.integer]) -> pa.Array:
    """Dates; none where the day number is 0."""
    return pa.array(days, pa.int32(), mask=days == 0).cast(pa.date32())


def _submissions(
    courses: Courses, random: np.random.Generator, *, knobs: Knobs
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Which referral each row delivered is of, and whether it is an earlier submission."""
    n = len(courses)
    earlier = np.flatnonzero((courses.discharged > 0) & (random.random(n) < _SUBMITTED_BEFORE * min(knobs.dirt, 1)))
    twice = np.flatnonzero(random.random(n) < _TWICE * knobs.dirt)
    rows = np.concatenate([np.arange(n), twice, earlier])
    before = np.arange(len(rows)) >= n + len(twice)
    order = random.permutation(len(rows))
    return rows[order], before[order]


def _as_submitted(table: pa.Table, before: NDArray[np.bool_]) -> pa.Table:
    """Earlier submissions as they stood: not discharged, fewer contacts, not the latest."""
    was = {
        "ServDischDate": pa.nulls(len(before), pa.date32()),
        "EndCode": pa.nulls(len(before), pa.string()),
        "TreatmentCareContact_Count": pa.array(np.ones(len(before)), pa.int32()),
        "UniqueSubmissionID": pa.array(np.full(len(before), _SUBMISSIONS - 1)),
        "IsLatest": pa.array(np.zeros(len(before)), pa.int32()),
    }
    for name, earlier in was.items():
        place = table.column_names.index(name)
        held = table[name].combine_chunks()
        table = table.set_column(place, name, pc.if_else(pa.array(before), earlier.cast(held.type), held))
    return table


def _in_older_names(table: pa.Table) -> pa.Table:
    """The columns that version 1.5 has, under its names; flags are Y and N there."""
    flags = pa.table({"written": ["True", "False", "1", "0"], "older": ["Y", "N", "Y", "N"]})
    older = table.select(list(_OLDER_NAMES)).rename_columns(list(_OLDER_NAMES.values()))
    for name in ("IC_RECOVERY_FLAG", "IC_RELIABLE_IMPROV_FLAG", "IC_USE_PATHWAY_FLAG"):
        place = pc.index_in(older[name].cast(pa.string()), value_set=flags["written"].combine_chunks())
        older = older.set_column(older.column_names.index(name), name, flags["older"].take(place))
    return older


def status_table(courses: Courses, *, seed: int, knobs: Knobs) -> pa.Table:
    """``iapt/IDS004EmpStatus``: the status at referral, for some another one before it, for some one after it."""
    random = stream(seed, "status rows")
    n = len(courses)
    earlier = np.flatnonzero((courses.status != STATUS_NOT_STATED) & (random.random(n) < _EARLIER_STATUS))
    later = np.flatnonzero(random.random(n) < _LATER_STATUS)
    rows = np.concatenate([np.arange(n), earlier, later])
    lag = np.repeat([0, 200, -60], [n, len(earlier), len(later)])
    status = np.where(lag == 0, courses.status[rows], choose(random, _SHARE_OF_STATUSES, len(rows)))
    twice = np.flatnonzero(random.random(len(rows)) < _TWICE * knobs.dirt)
    taken = random.permutation(np.concatenate([np.arange(len(rows)), twice]))
    at = rows[taken]
    return pa.table(
        {
            "Unique_ServiceRequestID": pa.array([f"SR{number:09d}" for number in at]),
            "EmployStatus": pa.array(_STATUSES).take(pa.array(status[taken])),
            "EmployStatusRecDate": _days(courses.referred[at] - lag[taken]),
            "WeekHoursWorked": pa.array(np.where(status[taken] == 0, "01", "98")),
            "SickAbsenceInd": pa.array(np.where(at % 9 == 0, "Y", "N")),
            "SSPInd": pa.array(np.where(at % 11 == 0, "U", "N")),
            "UCInd": pa.array(np.where(at % 7 == 0, "Y", "N")),
            "ESAInd": pa.array(np.where(at % 13 == 0, "Y", "N")),
            "PIPInd": pa.array(np.where(at % 10 == 0, "Y", "N")),
            "EmpSupportInd": pa.array(np.where(courses.adviser[at], "Y", "N")),
        }
    )
