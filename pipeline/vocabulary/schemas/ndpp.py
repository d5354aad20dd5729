"""The NHS Diabetes Prevention Programme: its referrals, and the blood tests of people who were not referred.

HbA1c is a whole number of mmol/mol, and whether it is 42 or more decides who may be referred: it is never rounded.
"""

from __future__ import annotations

import pyarrow as pa

from pipeline.vocabulary.schemas.schema import Column, Schema

NDPP = Schema(
    name="ndpp",
    grain="referral to the programme",
    key=("referral_id",),
    columns=(
        Column(name="referral_id", type=pa.string(), role="identifier", nullable=False),
        Column(name="person_ref", type=pa.string(), role="identifier", nullable=False),
        Column(name="referral_date", type=pa.date32(), nullable=False),
        Column(name="referral_route", type=pa.string(), role="characteristic"),
        Column(name="hba1c_mmol_mol", type=pa.int32(), role="characteristic", unit="mmol/mol"),
        Column(name="fpg_mmol_l", type=pa.float64(), role="characteristic", unit="mmol/l"),
        Column(name="test_date", type=pa.date32()),
        Column(name="initial_assessment_date", type=pa.date32()),
        Column(name="sessions_attended", type=pa.int32(), unit="sessions"),
        Column(name="milestone", type=pa.int32()),
        Column(name="completed", type=pa.bool_()),
        Column(name="discharge_date", type=pa.date32()),
        Column(name="weight_first_kg", type=pa.float64(), role="characteristic", unit="kg"),
        Column(name="weight_last_kg", type=pa.float64(), role="characteristic", unit="kg"),
        Column(name="practice_code", type=pa.string(), role="characteristic"),
        Column(name="practice_wave", type=pa.int32()),
    ),
)

NDPP_TESTS = Schema(
    name="ndpp/tests",
    grain="HbA1c test of a person who was not referred",
    columns=(
        Column(name="person_ref", type=pa.string(), role="identifier", nullable=False),
        Column(name="test_date", type=pa.date32(), nullable=False),
        Column(name="hba1c_mmol_mol", type=pa.int32(), role="characteristic", unit="mmol/mol", nullable=False),
        Column(name="practice_code", type=pa.string(), role="characteristic"),
    ),
)
