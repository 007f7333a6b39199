"""Tables as analysts have them: CSV, Excel, SPSS, Stata and Parquet, with what the file says about its codes."""

from dnt_cli.reading.dictionary import Dictionary, RawTable, study_dictionary
from dnt_cli.reading.formats import read_table
from dnt_cli.reading.header import NO_HINTS, Hints, hints_of
from dnt_cli.reading.joining import Joined, join_files
from dnt_cli.reading.prepare import Prepared, Reading, examined, prepare
from dnt_cli.reading.writing import write_table

__all__ = [
    "NO_HINTS",
    "Dictionary",
    "Hints",
    "Joined",
    "Prepared",
    "RawTable",
    "Reading",
    "examined",
    "hints_of",
    "join_files",
    "prepare",
    "read_table",
    "study_dictionary",
    "write_table",
]
